package io.varve.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class HostNamesTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final ExecutorService executor = Executors.newSingleThreadExecutor();
    private final AtomicInteger lookups = new AtomicInteger();

    @AfterEach
    void endThread() {
        executor.shutdownNow();
    }

    @Test
    void looksANameUpOnceForAll() throws Exception {
        final CountDownLatch answer = new CountDownLatch(1);
        final HostNames names = names(LONG, host -> {
            await(answer);
            return InetAddress.getLoopbackAddress();
        });
        final CompletableFuture<Void> first = names.find("here.example");
        final CompletableFuture<Void> second = names.find("here.example");
        answer.countDown();
        first.get(30, TimeUnit.SECONDS);
        second.get(30, TimeUnit.SECONDS);
        assertThat(names.find("here.example")).isCompleted();
        assertThat(lookups).hasValue(1);
    }

    @Test
    void looksUpAgainWhatWasUnknown() throws Exception {
        final HostNames names = names(LONG, host -> {
            if (lookups.get() == 1) {
                throw new UnknownHostException(host + ": not yet");
            }
            return InetAddress.getLoopbackAddress();
        });
        assertUnknown(names.find("here.example"), "here.example: not yet");
        names.find("here.example").get(30, TimeUnit.SECONDS);
    }

    @Test
    void doesNotWaitForSilentNameServersForEver() {
        final CountDownLatch never = new CountDownLatch(1);
        final HostNames names = names(Duration.ofMillis(50), host -> {
            await(never);
            return InetAddress.getLoopbackAddress();
        });
        assertUnknown(names.find("here.example"), "here.example: no name server answered in time");
    }

    @Test
    void asksNobodyForAddresses() {
        final HostNames names = names(LONG, host -> InetAddress.getLoopbackAddress());
        assertThat(names.find("127.0.0.1")).isCompleted();
        assertThat(names.find("::1")).isCompleted();
        assertThat(lookups).hasValue(0);
    }

    private HostNames names(final Duration limit, final HostNames.Resolver resolver) {
        return new HostNames(
                executor,
                host -> {
                    lookups.incrementAndGet();
                    return resolver.resolve(host);
                },
                limit);
    }

    private static void assertUnknown(final CompletableFuture<Void> future, final String message) {
        assertThatThrownBy(() -> future.get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .rootCause()
                .satisfies(cause -> assertThat(Failures.unwrap(future.exceptionNow()))
                        .isInstanceOf(UnknownHostException.class)
                        .hasMessage(message));
    }

    private static void await(final CountDownLatch latch) {
        try {
            latch.await();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
