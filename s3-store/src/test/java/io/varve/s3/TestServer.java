package io.varve.s3;

/** The server that failure tests stand before: the real one, or S3Proxy where that can't be had. One for all tests. */
final class TestServer {
    private static ProxyServer proxy;

    private TestServer() {}

    static synchronized S3Server get() throws Exception {
        if (RgwServer.isAvailable()) {
            return RgwServer.get().server();
        }
        if (proxy == null) {
            proxy = new ProxyServer();
        }
        return proxy.server();
    }
}
