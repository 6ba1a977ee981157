package io.varve.s3;

import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.ObjectStoreContract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract, kept by a bucket of a server in this process. */
final class ProxyStoreTest extends ObjectStoreContract {
    private static ProxyServer proxy;

    @BeforeAll
    static void start() throws Exception {
        proxy = new ProxyServer();
    }

    @AfterAll
    static void stop() throws Exception {
        proxy.stop();
    }

    @Override
    protected boolean listsDrafts() {
        return true;
    }

    @Override
    protected ObjectStore open(final String place) throws Exception {
        return proxy.server().open(place, proxy.server().context());
    }
}
