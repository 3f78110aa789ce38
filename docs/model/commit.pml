/* commit.pml - a model of commit and recovery (shard/committer.c, checkpointer.c, recovery.c) for the model checker Spin.
 *
 *     spin -a commit.pml && gcc -O2 -DSAFETY -o pan pan.c && ./pan -m300000 -w26            power losses, three transactions
 *     spin -a -DLOSSES=0 -DN=4 commit.pml && gcc -O2 -DSAFETY -o pan pan.c && ./pan -m300000   snapshots, four transactions
 *
 * Transactions are numbered 1..N in log order.  Odd ones change both files, even ones change one.  A file is the set of transactions that it
 * has, and its position.  `cur` is what the running system sees, `dur` the position that is certainly on disk, `base` that of the
 * database file without its WAL.  A power loss leaves of a file any state between dur and cur that ends with a batch (a WAL commit is
 * whole or not there), and of the log any length between its two.  A killed process is the special case in which all
 * of `cur` is left.  A batch may be asynchronous: published before it is synced, and never counted as acknowledged here.
 *
 * Checked in every order of steps, with a power loss at any of them and more during recovery:
 *     - an acknowledged transaction is on all files that it concerns,
 *     - a transaction on two files is on both or on neither; what the files have is exactly what the log had,
 *     - a snapshot of both files never sees half a transaction.
 *
 * To see it fail, leave out one rule: -DACK_BEFORE_SYNC, -DCUT_BEFORE_SYNC, -DCOPY_BEFORE_SYNC, -DNO_TAKING_BACK, or with
 * LOSSES=0 -DNO_GATE (for spin -a).
 * Names in comments are those of the failpoints at the same step. */

#ifndef N
#define N 3
#endif
#ifndef LOSSES
#define LOSSES 2
#endif

#define BIT(t) (1 << (t))
#define UP_TO(t) (BIT((t) + 1) - 1)
#define CONCERNS(t, f) ((t) % 2 == 1 || ((t) / 2) % 2 == (f))
#define HAS(f, t) ((has[f] & BIT(t)) != 0)

byte has[2];                  /* sets of transactions, as bits */
byte cur[2], dur[2], base[2]; /* positions of the files */
bool boundary[N + 1];         /* a batch ended here */
byte log_cur, log_dur, log_cut;
byte logged, kept;            /* which records are in the log, and which were in it after a loss, as bits */
bool hold;                    /* n_sync_holds: no asynchronous batch */
byte published, acked;        /* acked: as bits */
byte next = 1;                /* transactions given to the committer so far are below it */
byte incarnation;             /* a process of an older one begins anew */
bool up = true;
bool gate_exclusive;
byte gate_shared;
bool dirty[2];

#define ALIVE (incarnation == mine && up)
/* A step of a process that is alive. */
#define STEP(what) atomic { if :: ALIVE -> what :: else -> goto restart fi }

active proctype committer()
{
    byte mine, first, last, f, t;
    bool lazy;
restart:
    atomic { up -> mine = incarnation; first = 0; last = 0; f = 0; t = 0; lazy = false };
end:
    do
    :: atomic { (!ALIVE) -> goto restart }
    :: atomic { (ALIVE && next <= N) ->
            first = next;                       /* a batch of one or more */
            last = next;
            do
            :: last < N -> last++
            :: break
            od;
            next = last + 1 };
        /* commit.applied: what SQLite has not committed, nobody sees */
        STEP(log_cur = last; logged = logged | (UP_TO(last) & ~UP_TO(first - 1)));   /* commit.before_decision */
#ifdef ACK_BEFORE_SYNC
        STEP(acked = acked | BIT(first));
#endif
        STEP(if :: !hold -> lazy = true :: lazy = false fi);
        STEP(if :: lazy -> skip :: else -> log_dur = last fi);   /* commit.after_decision */
#ifndef NO_GATE
        atomic { if :: (ALIVE && gate_shared == 0) -> gate_exclusive = true :: (!ALIVE) -> goto restart fi };
#endif
        f = 0;
        do
        :: f < 2 ->
            STEP(t = first;
                 do
                 :: t <= last ->
                    if
                    :: CONCERNS(t, f) -> has[f] = has[f] | BIT(t); cur[f] = last; dirty[f] = true
                    :: else -> skip
                    fi;
                    t++
                 :: else -> break
                 od;
                 t = 0; boundary[last] = true; f++)   /* commit.file_committed */
        :: else -> break
        od;
        STEP(published = last; gate_exclusive = false; f = 0);   /* commit.published */
        STEP(if :: lazy -> skip :: else -> acked = acked | (UP_TO(last) & ~UP_TO(first - 1)) fi;
             first = 0; last = 0; lazy = false)
    od
}

/* Cuts the log: the sequence number first, then what is dirty is synced, then the cut. */
active proctype checkpointer()
{
    byte mine, seq;
    bool take[2];
restart:
    atomic { up -> mine = incarnation; seq = 0; take[0] = false; take[1] = false };
end:
    do
    :: atomic { (!ALIVE) -> goto restart }
    :: atomic { (ALIVE && published > log_cut) -> seq = published };
        STEP(log_dur = log_cur);                /* with the prepared transactions that are logged again */
        STEP(take[0] = dirty[0]; take[1] = dirty[1]; dirty[0] = false; dirty[1] = false);
#ifndef CUT_BEFORE_SYNC
        STEP(if :: take[0] -> dur[0] = cur[0] :: else -> skip fi);   /* cut.sync_file */
        STEP(if :: take[1] -> dur[1] = cur[1] :: else -> skip fi);
#endif
        STEP(log_cut = seq);                    /* cut.before_cut, log.cut */
#ifdef CUT_BEFORE_SYNC
        STEP(dur[0] = cur[0]; dur[1] = cur[1]);
#endif
        atomic { seq = 0; take[0] = false; take[1] = false }
#ifndef COPY_BEFORE_SYNC
    :: atomic { (ALIVE && base[0] < cur[0]) -> hold = true };   /* a checkpoint of one file will do */
        STEP(log_dur = log_cur);                /* between two batches, or during one that is not published yet */
        STEP(if :: log_dur >= cur[0] -> dur[0] = cur[0]; base[0] = cur[0] :: else -> skip fi; hold = false)   /* checkpoint.file */
#else
    :: atomic { (ALIVE && base[0] < cur[0]) -> dur[0] = cur[0]; base[0] = cur[0] }
#endif
    od
}

#if LOSSES == 0
/* A snapshot of both files. */
active proctype reader()
{
    byte mine, seen;
restart:
    atomic { up -> mine = incarnation; seen = 0 };
end:
    do
    :: atomic { (!ALIVE) -> goto restart }
    :: atomic { (ALIVE && !gate_exclusive) -> gate_shared++ };
        STEP(seen = has[0]);
        STEP(assert(((seen ^ has[1]) & (BIT(1) | BIT(3))) == 0); seen = 0; gate_shared--)
    od
}

#endif

/* What is left after a power loss; between dur and cur the kernel may have written back as it liked. */
inline lose()
{
    f = 0;
    do
    :: f < 2 ->
        end = dur[f];
        do
        :: end < cur[f] -> end++
        :: end == dur[f] || boundary[end] -> break
        od;
        has[f] = has[f] & UP_TO(end);
        cur[f] = end;
        dur[f] = end;
        f++
    :: else -> break
    od;
    end = log_dur;
    do
    :: end < log_cur -> end++
    :: break
    od;
    logged = logged & UP_TO(end);
    log_cur = end;
    log_dur = end;
    f = 0;
    end = 0;
    hold = false
}

/* wal_cut.c: a file that is ahead of the log goes back to its last batch that is not. */
inline take_back(f)
{
#ifndef NO_TAKING_BACK
    if
    :: cur[f] > log_cur ->
        end = log_cur;
        do
        :: end == 0 || boundary[end] || end == base[f] -> break
        :: else -> end--
        od;
        assert(base[f] <= log_cur);
        has[f] = has[f] & UP_TO(end);
        cur[f] = end;
        dur[f] = end;
        end = 0
    :: else -> skip
    fi
#else
    skip
#endif
}

inline replay(f)
{
    t = log_cut + 1;
    do
    :: t <= log_cur ->
        if
        :: (logged & BIT(t)) && CONCERNS(t, f) && t > cur[f] -> has[f] = has[f] | BIT(t); cur[f] = t; boundary[t] = true
        :: else -> skip
        fi;
        t++
    :: else -> break
    od;
    t = 0
}

inline check()
{
    t = 1;
    do
    :: t <= N ->
        assert(!(acked & BIT(t)) || !CONCERNS(t, 0) || HAS(0, t));   /* nothing acknowledged is lost */
        assert(!(acked & BIT(t)) || !CONCERNS(t, 1) || HAS(1, t));
        assert(t % 2 == 0 || HAS(0, t) == HAS(1, t));                /* nothing is half done */
        assert(!CONCERNS(t, 0) || HAS(0, t) == ((kept & BIT(t)) != 0));
        assert(!CONCERNS(t, 1) || HAS(1, t) == ((kept & BIT(t)) != 0));
        t++
    :: else -> break
    od;
    t = 0
}

/* The power goes and comes back; then recovery, which can lose its power too. */
active proctype power()
{
    byte losses, f, t, end;
    do
    :: losses < LOSSES ->
        atomic {
            losses++;
            up = false;
            incarnation++;
            gate_exclusive = false;
            gate_shared = 0;
            lose()
        };
again:
        atomic { take_back(0); take_back(1) };
        atomic { replay(0) };                   /* recovery.file_committed */
        if
        :: losses < LOSSES -> atomic { losses++; lose(); goto again }
        :: skip
        fi;
        atomic { replay(1) };
        if
        :: losses < LOSSES -> atomic { losses++; lose(); goto again }
        :: skip
        fi;
        atomic { dur[0] = cur[0]; dur[1] = cur[1] };   /* recovery.replayed: all is synced */
        atomic {
            kept = kept | logged;
            check();
            log_cur = next - 1;                 /* a new epoch: numbers that were lost are not given again */
            log_dur = log_cur;
            log_cut = log_cur;                  /* recovery.before_cut */
            logged = 0;
            published = log_cur;
            dirty[0] = false;
            dirty[1] = false;
            up = true
        }
    :: else -> break
    od
}
