package io.varve.s3;

import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * A store in a bucket of an S3-compatible server.
 *
 * <p>Creation is {@code PUT} with {@code If-None-Match: *} of a single part. Each call marks its object with an id of its own
 * (metadata {@value #CREATION_ID}). So a creation that is tried again and finds its key taken looks whose object that is,
 * and its answer is right also when the answer to an earlier attempt was lost.
 *
 * <p>Operations are sent by the store's own threads, never by the caller's. Segments are not touched any more once an
 * operation is over, even where an earlier attempt of it still lingers on the network.
 */
public final class S3ObjectStore implements ObjectStore {
    /** Metadata that tells which call created an object. */
    static final String CREATION_ID = "varve-creation";

    private static final String ANY = "*";

    /** Most objects that a server lists at a time. */
    private static final int MAX_PAGE = 1000;

    private final S3Location location;
    private final S3StoreContext context;
    private final S3Connection connection;
    private final S3AsyncClient client;
    private final Attempts attempts;

    private S3ObjectStore(final S3Location location, final S3StoreContext context, final S3Connection connection) {
        this.location = location;
        this.context = context;
        this.connection = connection;
        this.client = connection.client();
        this.attempts = new Attempts(
                context,
                connection.executor(),
                (failure, what) -> Failures.describe(failure, what, location, connection.server()));
    }

    /**
     * Opens a store; the server is not asked yet.
     *
     * @throws StoreException when the settings are not enough to reach one.
     */
    public static S3ObjectStore open(final S3Location location, final S3StoreContext context) throws StoreException {
        return open(location, context, new S3Transport(context));
    }

    /** Opens a store over a transport, which it owns from now on. */
    static S3ObjectStore open(final S3Location location, final S3StoreContext context, final S3Transport transport)
            throws StoreException {
        return new S3ObjectStore(location, context, new S3Connection(context, transport));
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        if (!Keys.isValid(key)) {
            return notAKey(key);
        }
        final RevocableSegment memory = new RevocableSegment(body);
        final String id = UUID.randomUUID().toString();
        return attempts.run("cannot create " + key, memory, number -> create(key, memory, id, number > 1));
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        if (!Keys.isValid(key)) {
            return notAKey(key);
        }
        final String what = "cannot read " + key;
        if (offset < 0 || offset + target.byteSize() < 0 || target.byteSize() > Integer.MAX_VALUE) {
            return CompletableFuture.failedFuture(
                    new StoreException(what + ": no range: " + target.byteSize() + " bytes at " + offset));
        }
        if (target.byteSize() == 0) {
            // There is no empty range in HTTP, but whether the object exists must be told.
            return get(key, 0, Arena.ofAuto().allocate(1)).thenApply(length -> 0);
        }
        final RevocableSegment memory = new RevocableSegment(target);
        return attempts.run(what, memory, number -> read(key, offset, memory));
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
        if (!Keys.isPrefix(prefix)) {
            return CompletableFuture.failedFuture(new StoreException("not the beginning of a key: '" + prefix + "'"));
        }
        return listFrom(new Range(prefix, after, limit), null, new ArrayList<>());
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        if (!Keys.isValid(key)) {
            return notAKey(key);
        }
        return attempts.run("cannot delete " + key, null, number -> remove(key));
    }

    @Override
    public CompletableFuture<String> keptAfterDeletion() {
        return attempts.run(
                        "cannot ask",
                        null,
                        number -> connection.track(client.getBucketVersioning(ask -> ask.bucket(location.bucket())
                                .overrideConfiguration(all -> all.apiCallTimeout(context.attemptTimeout(0))))))
                .handle((answer, failure) -> {
                    if (failure != null) {
                        return "whether the bucket keeps versions is not known: "
                                + Failures.unwrap(failure).getMessage();
                    }
                    return answer.status() == null
                            ? null
                            : "versioning of the bucket is "
                                    + answer.statusAsString().toLowerCase(Locale.ROOT)
                                    + ": what is deleted takes space until a lifecycle rule removes old versions";
                });
    }

    @Override
    public long repeatedAttempts() {
        return attempts.repeated();
    }

    @Override
    public String url() {
        return location.toString();
    }

    @Override
    public void close() {
        attempts.close();
        connection.close();
    }

    private CompletableFuture<Boolean> create(
            final String key, final RevocableSegment memory, final String id, final boolean isRepeated) {
        return connection
                .track(client.putObject(
                        put -> put.bucket(location.bucket())
                                .key(location.s3Key(key))
                                .ifNoneMatch(ANY)
                                .metadata(Map.of(CREATION_ID, id))
                                .contentLength(memory.byteSize())
                                .overrideConfiguration(
                                        all -> all.apiCallTimeout(context.attemptTimeout(memory.byteSize()))),
                        new SegmentRequestBody(memory)))
                .handle((answer, wrapped) -> {
                    final Throwable failure = Failures.unwrap(wrapped);
                    if (failure == null) {
                        // Every server sends an ETag; without it the answer was cut off, which the SDK does not notice.
                        return answer.eTag() != null
                                ? CompletableFuture.completedFuture(true)
                                : CompletableFuture.<Boolean>failedFuture(new IOException("the answer is not whole"));
                    }
                    if (!Failures.isTaken(failure)) {
                        return CompletableFuture.<Boolean>failedFuture(failure);
                    }
                    return isRepeated ? isOwn(key, id) : CompletableFuture.completedFuture(false);
                })
                .thenCompose(outcome -> outcome);
    }

    /** Whether the object under a key was created with an id. */
    private CompletableFuture<Boolean> isOwn(final String key, final String id) {
        return connection
                .track(client.headObject(head -> head.bucket(location.bucket())
                        .key(location.s3Key(key))
                        .overrideConfiguration(all -> all.apiCallTimeout(context.attemptTimeout(0)))))
                .handle((answer, wrapped) -> {
                    final Throwable failure = Failures.unwrap(wrapped);
                    if (failure == null) {
                        return CompletableFuture.completedFuture(
                                id.equals(answer.metadata().get(CREATION_ID)));
                    }
                    return CompletableFuture.<Boolean>failedFuture(
                            Failures.isMissingObjectByStatus(failure)
                                    ? new StoreException("an object was there, and is gone again")
                                    : failure);
                })
                .thenCompose(outcome -> outcome);
    }

    private CompletableFuture<Integer> read(final String key, final long offset, final RevocableSegment memory) {
        return connection
                .track(client.getObject(
                        get -> get.bucket(location.bucket())
                                .key(location.s3Key(key))
                                .range("bytes=" + offset + "-" + (offset + memory.byteSize() - 1))
                                .overrideConfiguration(
                                        all -> all.apiCallTimeout(context.attemptTimeout(memory.byteSize()))),
                        new SegmentResponse(memory, offset)))
                .handle((length, wrapped) -> {
                    final Throwable failure = Failures.unwrap(wrapped);
                    if (failure == null) {
                        return CompletableFuture.completedFuture(length);
                    }
                    if (Failures.isBeyondEnd(failure)) {
                        return CompletableFuture.completedFuture(0);
                    }
                    return CompletableFuture.<Integer>failedFuture(
                            Failures.isMissingObject(failure) ? missing(key, failure) : failure);
                })
                .thenCompose(outcome -> outcome);
    }

    private CompletableFuture<Void> remove(final String key) {
        return connection
                .track(client.deleteObject(delete -> delete.bucket(location.bucket())
                        .key(location.s3Key(key))
                        .overrideConfiguration(all -> all.apiCallTimeout(context.attemptTimeout(0)))))
                .handle((answer, wrapped) -> {
                    final Throwable failure = Failures.unwrap(wrapped);
                    return failure == null || Failures.isMissingObject(failure)
                            ? CompletableFuture.<Void>completedFuture(null)
                            : CompletableFuture.<Void>failedFuture(failure);
                })
                .thenCompose(outcome -> outcome);
    }

    /** What is to be listed. */
    private record Range(String prefix, String after, int limit) {}

    /** Lists what follows after a token; each page is an operation of its own, so that a failure costs one page. */
    private CompletableFuture<List<StoredObject>> listFrom(
            final Range range, final String token, final List<StoredObject> found) {
        return attempts.run("cannot list " + range.prefix, null, number -> page(range, token))
                .thenCompose(page -> {
                    for (final S3Object object : page.contents()) {
                        final String key =
                                object.key().substring(location.prefix().length());
                        // Some tools leave an object named as the prefix itself; some servers don't know start-after.
                        if (!key.isEmpty() && key.compareTo(range.after) > 0) {
                            found.add(new StoredObject(key, object.size()));
                        }
                    }
                    if (Boolean.TRUE.equals(page.isTruncated()) && found.size() < range.limit) {
                        return listFrom(range, page.nextContinuationToken(), found);
                    }
                    found.sort(Comparator.comparing(StoredObject::key));
                    return CompletableFuture.completedFuture(
                            found.size() > range.limit ? found.subList(0, range.limit) : found);
                });
    }

    private CompletableFuture<ListObjectsV2Response> page(final Range range, final String token) {
        return connection
                .track(client.listObjectsV2(list -> list.bucket(location.bucket())
                        .prefix(location.s3Key(range.prefix))
                        .startAfter(range.after.isEmpty() ? null : location.s3Key(range.after))
                        .maxKeys(Math.min(range.limit, MAX_PAGE))
                        .continuationToken(token)
                        .overrideConfiguration(all -> all.apiCallTimeout(context.attemptTimeout(0)))))
                .thenCompose(page -> isSane(page, range.prefix, token)
                        ? CompletableFuture.completedFuture(page)
                        : CompletableFuture.failedFuture(new IOException("the listing is not whole")));
    }

    /**
     * Whether a page can be believed. It holds only what was asked for; it says whether it is the last, which an answer that
     * was cut off does not, and which the SDK takes for an empty listing; one that is not the last leads on, or a listing
     * would never end.
     */
    private boolean isSane(final ListObjectsV2Response page, final String prefix, final String token) {
        for (final S3Object object : page.contents()) {
            if (object.key() == null || object.size() == null || !object.key().startsWith(location.s3Key(prefix))) {
                return false;
            }
        }
        final String next = page.nextContinuationToken();
        return Boolean.FALSE.equals(page.isTruncated())
                || Boolean.TRUE.equals(page.isTruncated()) && next != null && !next.equals(token);
    }

    private static NoSuchObjectException missing(final String key, final Throwable cause) {
        final NoSuchObjectException missing = new NoSuchObjectException(key);
        missing.initCause(cause);
        return missing;
    }

    private static <T> CompletableFuture<T> notAKey(final String key) {
        return CompletableFuture.failedFuture(new StoreException("not a key: '" + key + "'"));
    }
}
