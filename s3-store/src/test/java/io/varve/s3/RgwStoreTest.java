package io.varve.s3;

import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.ObjectStoreContract;
import org.junit.jupiter.api.BeforeAll;

/** The contract, kept by a bucket of a real S3 server. */
final class RgwStoreTest extends ObjectStoreContract {
    private static S3Server server;

    @BeforeAll
    static void start() throws Exception {
        server = RgwServer.get().server();
    }

    @Override
    protected ObjectStore open(final String place) throws Exception {
        return server.open("contract/" + place, server.context());
    }
}
