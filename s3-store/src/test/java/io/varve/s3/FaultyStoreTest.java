package io.varve.s3;

import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.ObjectStoreContract;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract, kept although one of ten requests goes wrong, in any way: nothing of it may be seen. */
final class FaultyStoreTest extends ObjectStoreContract {
    private static final long SEED = Long.getLong("varve.seed", 20_261_121L);
    private static final int ONE_IN = 10;

    private static FaultyProxy proxy;
    private static S3Server server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.get();
        proxy = new FaultyProxy(server.endpoint());
        final Random random = new Random(SEED);
        proxy.faults(none -> random.nextInt(ONE_IN) == 0 ? fault(random.nextInt(8)) : none);
    }

    @AfterAll
    static void stop() throws Exception {
        proxy.close();
    }

    @Override
    protected ObjectStore open(final String place) throws Exception {
        return server.open(
                "faulty/" + place,
                server.through(proxy.endpoint())
                        .context()
                        .maxAttempts(12)
                        .maxBackOff(Duration.ofMillis(50))
                        .retryBudget(1_000_000));
    }

    @Override
    protected boolean listsDrafts() {
        return true;
    }

    private static Fault fault(final int kind) {
        return switch (kind) {
            case 0 -> Fault.answer(503, "SlowDown");
            case 1 -> Fault.answer(500, "InternalError");
            case 2 -> Fault.answer(429, "TooManyRequests");
            case 3 -> Fault.answer(409, "OperationAborted");
            case 4 -> new Fault.Reset();
            case 5 -> new Fault.HalfBody();
            default -> new Fault.LostAnswer();
        };
    }
}
