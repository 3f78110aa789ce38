// A transaction manager's view through JDBC: `prepare` leaves two branches prepared, `finish` finds them again and ends them.
import java.sql.*;
import javax.sql.*;
import javax.transaction.xa.*;
import org.postgresql.xa.PGXADataSource;

public class Xa {
    record Id(byte n) implements Xid {
        public int getFormatId() { return 7; }
        public byte[] getGlobalTransactionId() { return new byte[] {1, 2, n}; }
        public byte[] getBranchQualifier() { return new byte[] {n}; }
    }

    static void require(boolean holds, String what) {
        if (!holds)
            throw new IllegalStateException(what);
    }

    static void prepare(XAConnection pool, XAResource resource) throws Exception {
        try (Statement s = pool.getConnection().createStatement()) {
            s.execute("CREATE TABLE xa (id int PRIMARY KEY, v text)");
        }
        for (byte n = 1; n <= 2; n++) {
            Xid id = new Id(n);
            resource.start(id, XAResource.TMNOFLAGS);
            try (PreparedStatement s = pool.getConnection().prepareStatement("INSERT INTO xa VALUES (?, ?)")) {
                for (int k = 0; k < 20; k++) {
                    s.setInt(1, n * 100 + k);
                    s.setString(2, "branch " + n);
                    s.addBatch();
                }
                s.executeBatch();
            }
            resource.end(id, XAResource.TMSUCCESS);
            require(resource.prepare(id) == XAResource.XA_OK, "prepared");
        }
    }

    static long count(XAConnection pool) throws Exception {
        try (Statement s = pool.getConnection().createStatement(); ResultSet r = s.executeQuery("SELECT count(*) FROM xa")) {
            r.next();
            return r.getLong(1);
        }
    }

    static void finish(XAConnection pool, XAResource resource) throws Exception {
        Xid[] found = resource.recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN);
        require(found.length == 2, "recover() finds " + found.length);
        require(count(pool) == 0, "nothing is seen before the commit");
        for (Xid id : found) {
            require(id.getFormatId() == 7, "format");
            if (id.getBranchQualifier()[0] == 1)
                resource.commit(id, false);
            else
                resource.rollback(id);
        }
        require(count(pool) == 20, "one branch is there");
        require(resource.recover(XAResource.TMSTARTRSCAN | XAResource.TMENDRSCAN).length == 0, "nothing is left");
        try {
            resource.commit(new Id((byte) 1), false);
            require(false, "a second commit");
        } catch (XAException e) {
            require(e.errorCode == XAException.XAER_NOTA || e.errorCode == XAException.XAER_RMERR, "XA error " + e.errorCode);
        }
    }

    public static void main(String[] args) throws Exception {
        PGXADataSource source = new PGXADataSource();
        source.setURL("jdbc:postgresql://127.0.0.1:" + args[1] + "/postgres?user=postgres&sslmode=disable");
        XAConnection pool = source.getXAConnection();
        if (args[0].equals("prepare"))
            prepare(pool, pool.getXAResource());
        else
            finish(pool, pool.getXAResource());
        System.out.println(args[0] + " ok");
    }
}
