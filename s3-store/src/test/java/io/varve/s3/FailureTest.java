package io.varve.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.exception.SdkClientException;

/** Everything that can go wrong on the way to a server and back. */
final class FailureTest {
    private static final long LIMIT_S = 30;
    private static final byte[] BODY = bytes(1, 200_000);
    private static final Fault PAGE_NOT_FOUND = new Fault.Raw("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n"
            + "Content-Length: 38\r\n\r\n<html><body>Page not found</body></html");

    private S3Server server;
    private FaultyProxy proxy;
    private S3StoreContext context;
    private S3ObjectStore store;
    private S3ObjectStore straight;

    @BeforeEach
    void openStores() throws Exception {
        server = TestServer.get();
        proxy = new FaultyProxy(server.endpoint());
        final String place = "failures/" + UUID.randomUUID();
        context = server.through(proxy.endpoint())
                .context()
                .attemptTimeout(Duration.ofSeconds(20))
                .minBackOff(Duration.ofMillis(1))
                .maxBackOff(Duration.ofMillis(4));
        store = server.open(place, context);
        straight = server.open(place, server.context());
    }

    @AfterEach
    void closeStores() throws Exception {
        store.close();
        straight.close();
        proxy.close();
    }

    private static Stream<Fault> passingFaults() {
        return Stream.of(
                Fault.answer(429, "TooManyRequests"),
                Fault.answer(500, "InternalError"),
                Fault.answer(500, ""),
                Fault.answer(502, ""),
                Fault.answer(503, "SlowDown"),
                Fault.answer(504, ""),
                Fault.answer(409, "ConditionalRequestConflict"),
                Fault.answer(409, "OperationAborted"),
                Fault.answer(400, "RequestTimeout"),
                Fault.answer(408, ""),
                // Whatever stands between may answer so, and knows nothing of objects.
                Fault.answer(404, ""),
                PAGE_NOT_FOUND,
                Fault.answer(412, ""),
                Fault.answer(416, ""),
                new Fault.Reset(),
                new Fault.LostAnswer());
    }

    @ParameterizedTest
    @MethodSource("passingFaults")
    void triesAgainWhatMayPass(final Fault fault) throws Exception {
        proxy.next(fault, fault);
        assertThat(get(store.putIfAbsent("key", segment(BODY)))).isTrue();
        // A creation whose answer was lost meets its own object, and then looks whose that is.
        assertThat(proxy.requests()).isEqualTo(fault instanceof Fault.LostAnswer ? 4 : 3);

        assertRequests(3, () -> {
            proxy.next(fault, fault);
            assertThat(read("key", 1000, 100)).isEqualTo(Arrays.copyOfRange(BODY, 1000, 1100));
        });
        assertRequests(3, () -> {
            proxy.next(fault, fault);
            assertThat(get(store.list(""))).containsExactly(new StoredObject("key", BODY.length));
        });
        assertRequests(3, () -> {
            proxy.next(fault, fault);
            get(store.delete("key"));
        });
        assertThat(get(straight.list(""))).isEmpty();
    }

    @Test
    void triesAgainWhatIsCutOff() throws Exception {
        get(straight.putIfAbsent("key", segment(BODY)));
        assertRequests(3, () -> {
            proxy.next(new Fault.HalfBody(), new Fault.HalfBody());
            assertThat(read("key", 0, BODY.length)).isEqualTo(BODY);
        });
        assertRequests(3, () -> {
            proxy.next(new Fault.HalfBody(), new Fault.HalfBody());
            assertThat(get(store.list(""))).containsExactly(new StoredObject("key", BODY.length));
        });
    }

    @Test
    void doesNotTakeHalfAHeadForAnAnswer() throws Exception {
        final Fault half = new Fault.Raw("HTTP/1.1 200 OK\r\nContent-");
        proxy.next(half, half);
        assertThat(get(store.putIfAbsent("key", segment(BODY)))).isTrue();
        proxy.next(half, half);
        assertThat(read("key", 0, BODY.length)).isEqualTo(BODY);
        proxy.next(half, half);
        assertThat(get(store.list(""))).containsExactly(new StoredObject("key", BODY.length));
        assertThat(proxy.requests()).isEqualTo(9);
    }

    @Test
    void doesNotTakeAnEmptyAnswerForAnEmptyListing() throws Exception {
        get(straight.putIfAbsent("key", segment(BODY)));
        final Fault empty = new Fault.Raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        proxy.next(empty, empty);
        assertThat(get(store.list(""))).containsExactly(new StoredObject("key", BODY.length));
    }

    @Test
    void triesAgainWhenTheServerIsSilent() throws Exception {
        context.attemptTimeout(Duration.ofMillis(300));
        proxy.next(new Fault.Silence());
        assertThat(get(store.putIfAbsent("key", segment(BODY)))).isTrue();
        proxy.next(new Fault.Silence());
        assertThat(read("key", 0, 10)).isEqualTo(Arrays.copyOf(BODY, 10));
        proxy.next(new Fault.Silence());
        assertThat(get(store.list(""))).hasSize(1);
        proxy.next(new Fault.Silence());
        get(store.delete("key"));
        assertThat(proxy.requests()).isEqualTo(8);
    }

    @Test
    void knowsItsOwnObjectWhenTheAnswerWasLost() throws Exception {
        proxy.next(new Fault.LostAnswer());
        assertThat(get(store.putIfAbsent("key", segment(BODY)))).isTrue();
        assertThat(proxy.requests()).isEqualTo(3);
        assertThat(get(store.putIfAbsent("key", segment(BODY)))).isFalse();
    }

    @Test
    void knowsItsOwnObjectWhenLookingFailsToo() throws Exception {
        proxy.next(new Fault.LostAnswer(), new Fault.None(), Fault.answer(503, ""));
        assertThat(get(store.putIfAbsent("key", segment(BODY)))).isTrue();
    }

    @Test
    void doesNotTakeAnothersObjectForItsOwn() throws Exception {
        get(straight.putIfAbsent("key", segment(BODY)));
        proxy.next(new Fault.LostAnswer());
        // The same bytes, but made by another call.
        assertThat(get(store.putIfAbsent("key", segment(BODY)))).isFalse();
        proxy.next(Fault.answer(500, "InternalError"));
        assertThat(get(store.putIfAbsent("key", segment(bytes(2, 10))))).isFalse();
        assertThat(read("key", 0, BODY.length)).isEqualTo(BODY);
    }

    @Test
    void saysThatACreationIsUnsureWhenItsObjectHasGoneAgain() {
        proxy.next(Fault.answer(500, ""), Fault.answer(412, "PreconditionFailed"));
        assertFails(
                store.putIfAbsent("key", segment(BODY)), "cannot create key: an object was there, and is gone again");
    }

    @ParameterizedTest
    @ValueSource(ints = {404, 412, 416})
    void believesNothingOfAnObjectWithoutTheServersOwnWord(final int status) throws Exception {
        get(straight.putIfAbsent("key", segment(BODY)));
        context.maxAttempts(2);
        proxy.faults(none -> Fault.answer(status, ""));
        assertFails(read("key"), "cannot read key", "answered " + status + " without S3's own error code");
        assertFails(store.putIfAbsent("other", segment(BODY)), "cannot create other", "answered " + status);
        assertFails(store.delete("key"), "cannot delete key", "answered " + status);
        assertThat(proxy.requests()).isEqualTo(6);
    }

    @Test
    void knowsAMissingObjectByTheServersOwnWord() {
        assertThatThrownBy(() -> get(read("key"))).isInstanceOf(NoSuchObjectException.class);
    }

    @Test
    void givesUpAfterItsAttempts() {
        context.maxAttempts(4);
        proxy.faults(none -> Fault.answer(503, "SlowDown"));
        assertFails(store.putIfAbsent("key", segment(BODY)), "cannot create key", "503 SlowDown: As laid down");
        assertThat(proxy.requests()).isEqualTo(4);
        assertFails(read("key"), "cannot read key", "503 SlowDown");
        assertThat(proxy.requests()).isEqualTo(8);
    }

    @Test
    void givesUpAfterItsTime() {
        context.operationTimeout(Duration.ZERO);
        proxy.faults(none -> Fault.answer(503, "SlowDown"));
        assertFails(store.list(""), "cannot list", "503 SlowDown");
        assertThat(proxy.requests()).isEqualTo(1);
    }

    @Test
    void givesUpAtOnceWhenTheBudgetIsSpent() throws Exception {
        try (S3ObjectStore thrifty =
                server.open("budget", context.retryBudget(5).maxAttempts(4))) {
            proxy.faults(none -> Fault.answer(500, "InternalError"));
            for (int i = 0; i < 10; i++) {
                assertFails(thrifty.delete("key"), "500 InternalError");
            }
            assertThat(proxy.requests()).isEqualTo(10 + 5);
        }
    }

    private static Stream<Fault> finalFaults() {
        return Stream.of(
                Fault.answer(403, "AccessDenied"),
                Fault.answer(403, ""),
                Fault.answer(400, "InvalidRequest"),
                Fault.answer(501, "NotImplemented"),
                Fault.answer(404, "NoSuchBucket"),
                new Fault.Answer(301, "PermanentRedirect", "x-amz-bucket-region: eu-west-9"));
    }

    @ParameterizedTest
    @MethodSource("finalFaults")
    void doesNotTryAgainWhatWillNotPass(final Fault fault) {
        for (final CompletableFuture<?> future : List.of(
                one(fault, () -> store.putIfAbsent("key", segment(BODY))),
                one(fault, () -> read("key")),
                one(fault, () -> store.list("")),
                one(fault, () -> store.delete("key")))) {
            assertFails(future);
        }
        assertThat(proxy.requests()).isEqualTo(4);
    }

    @Test
    void refusesAServerThatIgnoresRanges() {
        proxy.next(new Fault.Raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + "x".repeat(1000)));
        assertFails(store.get("key", 10, segment(new byte[100])), "with the whole object");
        proxy.next(new Fault.Raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + "x".repeat(1000)));
        assertFails(store.get("key", 0, segment(new byte[100])), "with the whole object");
    }

    @Test
    void takesAWholeObjectThatIsWhatWasAskedFor() throws Exception {
        proxy.next(new Fault.Raw("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"));
        assertThat(read("key", 0, 10)).isEqualTo(new byte[] {'a', 'b', 'c'});
    }

    @Test
    void believesNoOtherRangeThanTheOneAskedFor() throws Exception {
        // An attempt that meets a connection whose end is on its way does not count as a request, but as an attempt.
        context.maxAttempts(12);
        get(straight.putIfAbsent("key", segment(BODY)));
        final String head = "HTTP/1.1 206 Partial\r\nContent-Length: 10\r\nContent-Range: ";
        proxy.next(
                new Fault.Raw(head + "bytes 6-15/200000\r\n\r\n0123456789"),
                new Fault.Raw(head + "bytes 5-9/200000\r\n\r\n0123456789"),
                new Fault.Raw(head + "bytes 5-14/*\r\n\r\n0123456789"),
                new Fault.Raw(head.replace("10", "8") + "bytes 5-14/200000\r\n\r\n01234567"));
        assertThat(read("key", 5, 10)).isEqualTo(Arrays.copyOfRange(BODY, 5, 15));
        assertThat(proxy.requests()).isEqualTo(5);
    }

    @Test
    void endsAListingThatDoesNotGoOn() {
        final String page = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>";
        proxy.faults(none -> new Fault.Raw("HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: "
                + page.length() + "\r\n\r\n" + page));
        assertFails(store.list(""), "the listing is not whole");
    }

    @Test
    void readsNothingOfABodyOnceTheCreationIsOver() throws Exception {
        context.attemptTimeout(Duration.ofMillis(300))
                .minBytesPerSecond(Integer.MAX_VALUE)
                .maxAttempts(1);
        final CountDownLatch open = new CountDownLatch(1);
        proxy.next(new Fault.StalledRequest(open));
        final byte[] body = bytes(3, 32 << 20);
        assertFails(store.putIfAbsent("key", segment(body)), "did not answer in time");
        // What is in the network's buffers may still arrive; the rest of the object can't.
        open.countDown();
        await().until(() -> proxy.connections() == 0);
        assertThat(proxy.stalledBytes()).isLessThan(body.length);
    }

    @Test
    void writesNothingToATargetOnceTheReadIsOver() throws Exception {
        get(straight.putIfAbsent("key", segment(BODY)));
        context.attemptTimeout(Duration.ofMillis(300))
                .minBytesPerSecond(Integer.MAX_VALUE)
                .maxAttempts(1);
        final CountDownLatch open = new CountDownLatch(1);
        proxy.next(new Fault.StalledAnswer(open));
        final byte[] target = new byte[BODY.length];
        assertFails(store.get("key", 0, segment(target)), "did not answer in time");
        Arrays.fill(target, (byte) 7);
        open.countDown();
        await().until(() -> proxy.connections() == 0);
        assertThat(target).containsOnly(7);
    }

    @Test
    void goesOnWhenTheServerIsBack() throws Exception {
        get(store.putIfAbsent("key", segment(BODY)));
        proxy.down(true);
        assertFails(store.putIfAbsent("other", segment(BODY)), "cannot create other");
        assertFails(read("key"), "cannot read key");
        proxy.down(false);
        assertThat(get(store.putIfAbsent("other", segment(BODY)))).isTrue();
        assertThat(read("key", 0, BODY.length)).isEqualTo(BODY);
    }

    @Test
    void tellsOfEveryConnectionThatIsRefusedAtOnce() throws Exception {
        proxy.close();
        context.maxAttempts(1).retryBudget(0);
        final long start = System.nanoTime();
        final List<CompletableFuture<?>> futures = new ArrayList<>();
        try (S3ObjectStore refused = server.open("refused", context)) {
            for (int i = 0; i < 120; i++) {
                futures.add(refused.putIfAbsent("key", segment(new byte[i])));
                futures.add(refused.delete("key"));
            }
            futures.forEach(future -> assertFails(future, "no connection to", "Connection refused"));
        }
        // None had to wait for its time-out.
        assertThat(System.nanoTime() - start)
                .isLessThan(context.attemptTimeout().toNanos() / 2);
    }

    @Test
    void readsWhileUploadsHoldAllTheirConnections() throws Exception {
        get(straight.putIfAbsent("key", segment(BODY)));
        final CountDownLatch open = new CountDownLatch(1);
        try (S3ObjectStore small = server.open("two-ways", context.maxConnections(1))) {
            proxy.next(new Fault.StalledRequest(open), new Fault.None());
            final CompletableFuture<Boolean> stalled = small.putIfAbsent("stalled", segment(BODY));
            await().until(() -> proxy.requests() == 1);
            assertThat(get(small.list(""))).isEmpty();
            assertThat(stalled).isNotDone();
        } finally {
            open.countDown();
        }
    }

    @Test
    void saysAtOnceThatAHostIsUnknown() throws Exception {
        final S3Server nowhere = server.through("http://no-such-host.invalid:9000");
        try (S3ObjectStore lost = nowhere.open("nowhere", nowhere.context().pathStyle(true))) {
            assertFails(
                    lost.list(""),
                    "cannot list : the name of the host of http://no-such-host.invalid:9000 cannot be resolved: ");
            assertFails(lost.putIfAbsent("key", segment(BODY)), "cannot be resolved: no-such-host.invalid");
        }
    }

    @Test
    void triesAgainWhatTheSdkTripsOver() {
        final Throwable stumble = SdkClientException.create(
                "Unable to execute HTTP request", new IllegalArgumentException("Duplicate handler name"));
        assertThat(Failures.mayPass(stumble)).isTrue();
        assertThat(Failures.mayPass(SdkClientException.create("Unable to load credentials")))
                .isFalse();
    }

    @Test
    void addsNothingToTheServersLatencyButTheRoundTrip() throws Exception {
        proxy.latency(Duration.ofMillis(30));
        final long start = System.nanoTime();
        assertThat(get(store.putIfAbsent("key", segment(BODY)))).isTrue();
        assertThat(read("key", 0, BODY.length)).isEqualTo(BODY);
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(60_000_000);
        assertThat(proxy.requests()).isEqualTo(2);
    }

    @Test
    void boundsWhatIsUnderWay() throws Exception {
        proxy.faults(none -> new Fault.Silence());
        final List<CompletableFuture<?>> futures = new ArrayList<>();
        try (S3ObjectStore small = server.open("bounded", context.maxOperations(3))) {
            for (int i = 0; i < 3; i++) {
                futures.add(small.delete("key"));
            }
            assertFails(small.delete("key"), "more than 3 operations");
        }
        futures.forEach(future -> assertFails(future, "the store has been closed"));
    }

    @Test
    void endsThreadsConnectionsAndFuturesWhenItIsClosed() throws Exception {
        proxy.faults(none -> new Fault.Silence());
        final List<CompletableFuture<?>> futures = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            futures.add(store.putIfAbsent("key" + i, segment(BODY)));
            futures.add(read("key"));
        }
        await().until(() -> proxy.requests() == 40);
        straight.close();
        store.close();
        for (final CompletableFuture<?> future : futures) {
            assertFails(future, "the store has been closed");
        }
        await().until(() -> proxy.connections() == 0);
        await().until(() -> threads().isEmpty());
    }

    @Test
    void canBeClosedByItsOwnThread() throws Exception {
        final CompletableFuture<Void> closed = new CompletableFuture<>();
        straight.close();
        store.list("").whenComplete((found, failure) -> {
            store.close();
            closed.complete(null);
        });
        get(closed);
        await().until(() -> threads().isEmpty());
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("varve-s3") || name.startsWith("sdk-") || name.startsWith("aws-"))
                .toList();
    }

    private CompletableFuture<Integer> read(final String key) {
        return store.get(key, 0, segment(new byte[100]));
    }

    private byte[] read(final String key, final long offset, final int length) throws Exception {
        final byte[] target = new byte[length];
        return Arrays.copyOf(target, get(store.get(key, offset, segment(target))));
    }

    private <T> CompletableFuture<T> one(
            final Fault fault, final java.util.function.Supplier<CompletableFuture<T>> operation) {
        proxy.next(fault);
        final CompletableFuture<T> future = operation.get();
        future.exceptionally(failure -> null).join();
        return future;
    }

    private void assertRequests(final int count, final Action action) throws Exception {
        final int before = proxy.requests();
        action.run();
        assertThat(proxy.requests() - before).isEqualTo(count);
    }

    private static void assertFails(final CompletableFuture<?> future, final String... parts) {
        assertThatThrownBy(() -> get(future))
                .isInstanceOf(StoreException.class)
                .isNotInstanceOf(NoSuchObjectException.class)
                .satisfies(failure -> assertThat(List.of(parts)).allMatch(failure.getMessage()::contains))
                .hasMessageNotContaining("\n");
    }

    private static <T> T get(final CompletableFuture<T> future) throws Exception {
        try {
            return future.get(LIMIT_S, TimeUnit.SECONDS);
        } catch (final ExecutionException e) {
            throw e.getCause() instanceof StoreException cause ? cause : e;
        }
    }

    private static MemorySegment segment(final byte[] bytes) {
        return MemorySegment.ofArray(bytes);
    }

    private static byte[] bytes(final long seed, final int length) {
        final byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** Something to be done. */
    @FunctionalInterface
    private interface Action {
        void run() throws Exception;
    }
}
