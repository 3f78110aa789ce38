/* scram_test.c - verifiers, and the exchange of RFC 7677. */
#include <check.h>
#include <string.h>

#include "base/scram.h"
#include "base/utf8.h"

Suite *base_scram_suite(void);

START_TEST(the_example_of_the_rfc_is_verified)
{
    struct arena *arena = arena_new("test");
    struct scram_verifier verifier;
    /* user, pencil, salt W22ZaJ0SNY7soEsUEjb6gQ==, 4096 */
    ck_assert(scram_parse_verifier(
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        &verifier));
    ck_assert(scram_verify_password(&verifier, "pencil"));
    ck_assert(!scram_verify_password(&verifier, "pencils"));
    const char *message =
        "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)"
        "hNlF$k0";
    size_t n;
    const char *proof_text = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    uint8_t *proof = base64_decode(arena, proof_text, strlen(proof_text), &n),
            signature[SCRAM_KEY_BYTES];
    ck_assert_uint_eq(n, SCRAM_KEY_BYTES);
    ck_assert(scram_check_proof(&verifier, message, proof, signature));
    ck_assert_str_eq(base64_encode(arena, signature, sizeof(signature)),
                     "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    proof[0] ^= 1;
    ck_assert(!scram_check_proof(&verifier, message, proof, signature));
    arena_free(arena);
}
END_TEST

START_TEST(a_made_verifier_fits_its_password_only)
{
    struct arena *arena = arena_new("test");
    struct scram_verifier verifier;
    const char *text = scram_make_verifier(arena, "p\xc3\xa4ss word");
    ck_assert(scram_parse_verifier(text, &verifier));
    ck_assert(scram_verify_password(&verifier, "p\xc3\xa4ss word"));
    ck_assert(!scram_verify_password(&verifier, "pass word"));
    ck_assert(!scram_is_verifier("md5aabbccddeeff00112233445566778899"));
    ck_assert(!scram_is_verifier("SCRAM-SHA-256$4096:abc$x:y"));
    arena_free(arena);
}
END_TEST

START_TEST(utf8_is_checked_as_postgresql_does)
{
    static const struct {
        const char *text;
        size_t good;
    } examples[] = {{"plain ascii text here", 21},
                    {"gr\xc3\xbc\xc3\x9f", 6},
                    {"\xf0\x9f\x98\x80", 4},
                    {"ab\xc3", 2},
                    {"\xc0\x80", 0},
                    {"\xed\xa0\x80", 0},
                    {"\xf4\x90\x80\x80", 0},
                    {"12345678\xff", 8}};
    for (size_t i = 0; i < ARRAY_COUNT(examples); i++)
        ck_assert_uint_eq(utf8_valid_prefix(examples[i].text, strlen(examples[i].text)),
                          examples[i].good);
    ck_assert_uint_eq(utf8_valid_prefix("12345678\0", 9), 8);
    ck_assert_uint_eq(utf8_clip("a\xc3\xbc", 3, 2), 1);
}
END_TEST

Suite *base_scram_suite(void)
{
    Suite *suite = suite_create("base/scram");
    TCase *tests = tcase_create("scram");
    tcase_add_test(tests, the_example_of_the_rfc_is_verified);
    tcase_add_test(tests, a_made_verifier_fits_its_password_only);
    tcase_add_test(tests, utf8_is_checked_as_postgresql_does);
    suite_add_tcase(suite, tests);
    return suite;
}
