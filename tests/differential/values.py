"""Values that hurt, by type: limits, what is no number, signs of zero, emptiness, ends of the calendar, the corners of text."""

TEXT = ["", " ", "a", "abc", "ABC def", "  x  ", "%", "_", "a_b%c", "\\", "\\\\", "0", "42", "-1.5e3", "NaN", "é", "e\u0301", "ß", "İ", "ſ", "日本語",
        "\U0001F600", "\u200d", "foo.bar,baz", "(a)(b)", "a+", "[a-c]+", "^a|b$", "(?i)ABC", "x{2,3}", "\\d+\\s*", "a{", "(", "[[:alpha:]]", "{1,2}",
        "2024-02-29 23:59:60", "null", "true", "hello world hello", "g", "gi", "YYYY-MM-DD HH24:MI:SS.US TZ", "FM9,990.00", "S99.9EEEE", "RN",
        "Day, DDth Month IYYY", "J", "9999.99", "PLMI0", "D", "MON-IW-Q-CC BC", "hour", "month", "week", "epoch", "isodow", "utf8", "hex", "base64",
        "escape", "UTC", "Europe/Berlin", "America/New_York", "EST5EDT", "+05:30", "12:34", "quick brown fox", "the cats", "NFC", "NFKD", "%s-%I-%L",
        "{\"a\": 1}", "$.a", "a.b.c", "\t\n", "zz" * 20]
TIMESTAMP = ["2024-02-29 12:34:56.789", "2000-01-01", "1999-12-31 23:59:59.999999", "0044-03-15 01:02:03 BC", "4713-01-01 00:00 BC", "294276-12-31 23:59:59.999999",
             "infinity", "-infinity", "2024-03-31 02:30", "2024-10-27 02:30", "2024-03-10 02:30", "2024-11-03 01:30", "1900-01-01", "1582-10-15", "2016-12-31 23:59:60",
             "0001-01-01", "0001-12-31 BC", "1970-01-01", "2038-01-19 03:14:08"]
JSON = ["null", "true", "1", "-0", "1.50", "1e400", "12345678901234567890.123", "\"\"", "\"a\"", "\"\\u00e9\\ud83d\\ude00\"", "[]", "{}", "[1, 2, [3, null]]",
        "{\"a\": 1, \"b\": [1, 2, {\"c\": \"x\"}], \"a\": 2}", "{\"\": null}", "[\"a\", \"b\", 1.0, 1.00]", "{\"a\": {\"b\": {\"c\": [0, false]}}}", "\"2024-02-29\"",
        "{\"k\": \"v\", \"kk\": \"w\"}"]
VALUES = {
    "bool": ["t", "f"],
    "int2": ["0", "1", "-1", "2", "3", "7", "32767", "-32768", "100"],
    "int4": ["0", "1", "-1", "2", "3", "5", "8", "10", "31", "33", "-7", "2147483647", "-2147483648", "1000"],
    "int8": ["0", "1", "-1", "2", "3", "9", "64", "9223372036854775807", "-9223372036854775808", "4294967296", "-12345678901"],
    "numeric": ["0", "1", "-1", "0.5", "-0.5", "2.5", "1.000", "10", "3", "7.77", "NaN", "Infinity", "-Infinity", "1e-20", "1e30", "-123456789.987654321", "0.00000",
                "99999999999999999999.9999999999", "1e131071", "1e-16383", "2", "100.10", "1.1", "0.99999999999"],
    "float4": ["0", "-0", "1", "-1.5", "0.1", "NaN", "Infinity", "-Infinity", "3.4028235e38", "1e-45", "16777217", "2.5", "1e10"],
    "float8": ["0", "-0", "1", "-1.5", "0.1", "NaN", "Infinity", "-Infinity", "1.7976931348623157e308", "5e-324", "2.5", "0.5", "1e15", "1e16", "123456789.123", "-0.7", "45", "1e-7",
               "9.3e18", "710"],
    "money": ["0", "1.23", "-12.345", "92233720368547758.07", "-92233720368547758.08", "1000000", "$1,234.56"],
    "text": TEXT, "varchar": TEXT, "bpchar": TEXT, "name": TEXT[:40] + ["x" * 70], "char": ["", "a", "é", "\\", "\\101"],
    "bytea": ["", "\\x00", "\\xdeadbeef", "abc", "\\xff00ff", "\\x" + "5a" * 33],
    "uuid": ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    "date": ["2024-02-29", "1999-12-31", "2000-01-01", "infinity", "-infinity", "4713-01-01 BC", "5874897-12-31", "0001-01-01 BC", "1970-01-01", "2023-01-31", "294277-01-01", "2024-12-30"],
    "time": ["00:00", "24:00:00", "23:59:59.999999", "12:34:56.5", "04:05", "23:59:60"],
    "timetz": ["00:00+00", "24:00-15:59", "12:34:56.789+05:30", "23:59:59.999999-08", "02:30+14"],
    "timestamp": TIMESTAMP, "timestamptz": TIMESTAMP + ["2024-03-31 02:30+02", "2024-10-27 01:30+00", "2024-06-01 12:00 America/New_York", "1880-01-01 00:00 Europe/Berlin"],
    "interval": ["0", "1 day", "-1 day", "1 mon -1 day 00:00:00.5", "25:00:00", "1 year 2 mons 3 days 04:05:06.789", "-178000000 years", "178000000 years", "30 days", "-00:00:00.000001",
                 "2562047788:00:54.775807", "P1Y2M3DT4H5M6S", "1-2 3 4:05:06", "0.5 month", "1.5 weeks", "1 hour", "15 minutes"],
    "json": JSON, "jsonb": JSON,
    "jsonpath": ["$", "$.a", "$.b[*]", "$[*] ? (@ > 1)", "strict $.a.b", "$.**", "$.**{1 to 2}", "$[last]", "$[0 to 1].c", "$.a + 1", "-$.a", "$.size()", "$.type()", "$.*.keyvalue()",
                 "$ ? (@.a like_regex \"^A\" flag \"i\")", "$.datetime()", "$.double()", "$ ? (exists(@.a) && !(@.a == null))", "$.a == 1", "$[*].ceiling()", "lax $[1, 2].abs()",
                 "$ ? (@ starts with \"a\")", "$.a % 0", "$.a / 0", "($.a > 1) is unknown"],
    "inet": ["0.0.0.0", "127.0.0.1", "192.168.1.5/24", "10.0.0.0/8", "255.255.255.255", "::", "::1", "2001:db8::ff00:42:8329/64", "::ffff:1.2.3.4", "1.2.3.4/0"],
    "cidr": ["0.0.0.0/0", "192.168.1.0/24", "10/8", "::/0", "2001:db8::/32", "1.2.3.4/32"],
    "macaddr": ["00:00:00:00:00:00", "08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff"], "macaddr8": ["08:00:2b:01:02:03:04:05", "ff:ff:ff:ff:ff:ff:ff:ff"],
    "bit": ["0", "1", "1010", "11111111", "0000000000000001"], "varbit": ["", "0", "1", "1010", "11111111", "1" * 33],
    "int4range": ["empty", "[1,5)", "(,)", "[3,3]", "(,10]", "[2147483647,)", "[-5,0)", "[5,9]"], "int8range": ["empty", "[1,5)", "(,)", "[4,8)", "(,0]"],
    "numrange": ["empty", "[1.0,2.50)", "(,)", "(0,NaN]", "[2.5,2.5]", "(1,1)", "[2,)", "(-Infinity,Infinity)"],
    "daterange": ["empty", "[2024-01-01,2024-02-29]", "(,)", "[2000-01-01,infinity]", "(,1999-12-31)"],
    "tsrange": ["empty", "[2024-01-01,2024-02-29)", "(,)", "(2000-01-01,infinity]"], "tstzrange": ["empty", "[2024-03-31 01:00+00,2024-03-31 02:00+00)", "(,)"],
    "int4multirange": ["{}", "{[1,3),[5,9]}", "{(,)}", "{[1,2),[2,3)}"], "int8multirange": ["{}", "{[1,3),[5,9]}"], "nummultirange": ["{}", "{[1.0,2),(2,3.5]}", "{(,0)}"],
    "datemultirange": ["{}", "{[2024-01-01,2024-02-01),[2024-02-01,2024-03-01)}"], "tsmultirange": ["{}", "{[2024-01-01,2024-02-29)}"], "tstzmultirange": ["{}", "{(,2000-01-01 00:00+00)}"],
    "tsvector": ["", "a b c", "'cat':3A,7 'dog':1B", "'it''s':16383 x:1,2,3", "fat:2 rat:3 sat"], "tsquery": ["", "a", "a & b", "a <-> b", "!a | b:*", "'cat':AB & !dog", "a <3> (b|c)"],
    "oid": ["0", "1", "4294967295", "23"], "regconfig": ["simple", "english"], "mood": ["sad", "ok", "happy"],
}
ELEMENTS = ["bool", "int2", "int4", "int8", "numeric", "float8", "float4", "text", "varchar", "bpchar", "date", "timestamp", "timestamptz", "interval", "uuid", "jsonb", "bytea", "time", "inet",
            "money", "varbit"]


def quote(text):
    return "E'%s'" % text.replace("\\", "\\\\").replace("'", "''") if "\\" in text else "'%s'" % text.replace("'", "''")


def spell(name):
    """The type's name as SQL wants it."""
    if name.endswith("[]"):
        return spell(name[:-2]) + "[]"
    return '"char"' if name == "char" else name


def number(rng, name):
    if name.startswith("int"):
        bits = {"int2": 15, "int4": 31, "int8": 63}[name]
        return str(rng.randint(-1 << rng.randint(1, bits), (1 << rng.randint(1, bits)) - 1))
    if name == "numeric":
        text = "%s%d" % (rng.choice(("", "-")), rng.randint(0, 10 ** rng.randint(0, 28)))
        return text + ("." + str(rng.randint(0, 10 ** 9)).zfill(rng.randint(1, 24)) if rng.random() < 0.7 else "")
    return repr(rng.uniform(-1, 1) * 10.0 ** rng.randint(-8, 12))


def literal(rng, name):
    """The text of a value of the type."""
    if name.endswith("[]"):
        n = rng.choice((0, 1, 2, 3, 3))
        items = ["NULL" if rng.random() < 0.15 else '"%s"' % literal(rng, name[:-2]).replace("\\", "\\\\").replace('"', '\\"') for _ in range(n)]
        if n == 3 and rng.random() < 0.1:
            return "[-1:1]={%s}" % ",".join(items)
        if n == 2 and rng.random() < 0.3:
            return "{{%s},{%s}}" % (",".join(items), ",".join(reversed(items)))
        return "{%s}" % ",".join(items)
    if name in ("int2", "int4", "int8", "numeric", "float4", "float8") and rng.random() < 0.3:
        return number(rng, name)
    return rng.choice(VALUES[name])
