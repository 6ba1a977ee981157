package io.varve.launcher.torture;

import io.varve.s3.Fault;
import io.varve.s3.FaultyProxy;
import io.varve.s3.RgwServer;
import io.varve.s3.S3Server;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** A real S3 server, Ceph's RADOS gateway, behind a proxy on which everything goes wrong that can go wrong on a way. */
final class MeanServer implements MeanStore {
    private static final List<Fault> FAULTS = List.of(
            Fault.answer(500, "InternalError"),
            Fault.answer(503, "SlowDown"),
            Fault.answer(403, "AccessDenied"),
            Fault.answer(404, ""),
            Fault.answer(404, "NoSuchBucket"),
            Fault.answer(409, "ConditionalRequestConflict"),
            Fault.answer(418, ""),
            new Fault.Raw("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<html>log in</html>\n"),
            new Fault.Raw("nonsense\r\n\r\n"),
            new Fault.Reset(),
            new Fault.LostAnswer(),
            new Fault.HalfBody());

    private final FaultyProxy proxy;
    private final S3Server server;
    private final String prefix;
    private volatile int percent;

    private MeanServer(final S3Server server, final String prefix) throws IOException {
        this.server = server;
        this.prefix = prefix;
        proxy = new FaultyProxy(server.endpoint());
        proxy.faults(fault -> {
            final Random random = ThreadLocalRandom.current();
            return random.nextInt(100) < percent ? FAULTS.get(random.nextInt(FAULTS.size())) : fault;
        });
    }

    /** One with nothing under a prefix. */
    static MeanServer create(final String prefix) throws IOException, InterruptedException {
        return new MeanServer(RgwServer.get().server(), prefix);
    }

    /** Variables by which a daemon gets in. */
    static Map<String, String> environment() throws IOException, InterruptedException {
        final S3Server server = RgwServer.get().server();
        return Map.of(
                "AWS_REGION",
                "us-east-1",
                "AWS_ACCESS_KEY_ID",
                server.accessKey(),
                "AWS_SECRET_ACCESS_KEY",
                server.secretKey());
    }

    /** Where it is reached. */
    String endpoint() {
        return proxy.endpoint();
    }

    @Override
    public String url() {
        return "s3://" + server.bucket() + "/" + prefix;
    }

    @Override
    public void misbehave(final Random random) throws InterruptedException {
        final long ms = Torment.spread(random, 20, 3_000);
        switch (random.nextInt(4)) {
            case 0 -> proxy.down(true);
            case 1 -> proxy.latency(Duration.ofMillis(random.nextInt(500)));
            default -> percent = 1 + random.nextInt(100);
        }
        TimeUnit.MILLISECONDS.sleep(ms);
        behave();
    }

    @Override
    public void behave() {
        proxy.down(false);
        proxy.latency(Duration.ZERO);
        percent = 0;
    }

    @Override
    public boolean hasLost() {
        return false;
    }

    @Override
    public void close() throws IOException {
        proxy.close();
    }
}
