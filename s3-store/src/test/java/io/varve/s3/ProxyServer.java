package io.varve.s3;

import java.net.URI;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;

/** An S3 server in this process, which keeps objects in memory: S3Proxy. */
final class ProxyServer {
    private static final String BUCKET = "varve";
    private static final String ACCESS_KEY = "access-key";
    private static final String SECRET_KEY = "secret-key";

    private final S3Proxy proxy;

    /** Starts a server with an empty bucket, on a free port of loopback. */
    ProxyServer() throws Exception {
        final BlobStore objects = new TransientNio2BlobStore();
        objects.createContainer(BUCKET);
        proxy = S3Proxy.builder()
                .blobStore(objects)
                .endpoint(URI.create("http://127.0.0.1:0"))
                .awsAuthentication(AuthenticationType.AWS_V4, ACCESS_KEY, SECRET_KEY)
                .build();
        proxy.start();
    }

    S3Server server() {
        return new S3Server("http://127.0.0.1:" + proxy.getPort(), BUCKET, ACCESS_KEY, SECRET_KEY);
    }

    void stop() throws Exception {
        proxy.stop();
    }
}
