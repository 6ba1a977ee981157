package io.varve.s3;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.varve.linux.Background;
import io.varve.lsvd.store.StoreException;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import javax.net.ssl.TrustManager;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.TlsTrustManagersProvider;
import software.amazon.awssdk.http.async.AsyncExecuteRequest;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.SdkEventLoopGroup;

/**
 * The HTTP clients of a connection: one for creations and one for everything else, each with one event loop and connections of
 * its own. So reads never queue behind uploads. And a client's pool of connections and the connections themselves live on the same
 * thread: across threads, failures to connect have been seen to get lost, and a connection to be handed to the next request
 * before it was ready for it.
 */
class S3Transport implements SdkAsyncHttpClient {
    private static final long CLOSE_LIMIT_MS = 3000;

    private final ThreadPoolExecutor namesExecutor;
    private final HostNames names;
    private final Loop creations;
    private final Loop others;

    /**
     * Makes the clients; nothing is sent yet.
     *
     * @throws StoreException when the certificates of authorities can't be read.
     */
    S3Transport(final S3StoreContext context) throws StoreException {
        final TlsTrustManagersProvider authorities = authorities(context);
        namesExecutor = new ThreadPoolExecutor(
                1,
                1,
                1,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                new DefaultThreadFactory("varve-s3-names", true));
        namesExecutor.allowCoreThreadTimeOut(true);
        names = new HostNames(namesExecutor, HostNames.ofHost(), context.nameTimeout());
        creations = new Loop(context, authorities, "varve-s3-put", Background::task);
        others = new Loop(context, authorities, "varve-s3-io", task -> task);
    }

    /** Null for those of the JVM. */
    private static TlsTrustManagersProvider authorities(final S3StoreContext context) throws StoreException {
        final Path file = context.caBundle();
        if (file == null) {
            return null;
        }
        final TrustManager[] managers = CaBundle.read(file);
        return () -> managers;
    }

    @Override
    public CompletableFuture<Void> execute(final AsyncExecuteRequest request) {
        final Loop loop = request.request().method() == SdkHttpMethod.PUT ? creations : others;
        final CompletableFuture<Void> found = names.find(request.request().host());
        if (found.isDone() && !found.isCompletedExceptionally()) {
            return loop.http.execute(request);
        }
        final CompletableFuture<Void> result = new CompletableFuture<>();
        found.whenComplete((nothing, failure) -> {
            if (failure != null) {
                final UnknownHostException unknown = (UnknownHostException) Failures.unwrap(failure);
                request.responseHandler().onError(unknown);
                result.completeExceptionally(unknown);
            } else if (!result.isDone()) {
                loop.run(request, result);
            }
        });
        return result;
    }

    @Override
    public String clientName() {
        return creations.http.clientName();
    }

    @Override
    public void close() {
        close(0);
    }

    /**
     * Ends threads and connections; may be called by any thread, the transport's own included.
     *
     * @param quietMs how long the event loops must have been idle before they end, in milliseconds.
     */
    void close(final long quietMs) {
        namesExecutor.shutdownNow();
        final Runnable end = () -> {
            creations.http.close();
            others.http.close();
            final List<Future<?>> ends = List.of(creations.end(quietMs), others.end(quietMs));
            ends.forEach(ended -> ended.awaitUninterruptibly(CLOSE_LIMIT_MS));
        };
        if (creations.isCurrentThread() || others.isCurrentThread()) {
            // The pools' end waits for the loops, and so must not be awaited by one of them.
            final Thread closer = new Thread(end, "varve-s3-close");
            closer.setDaemon(true);
            closer.start();
        } else {
            end.run();
        }
    }

    /** A client with its event loop. */
    private static final class Loop {
        private final EventLoopGroup group;
        private final SdkAsyncHttpClient http;

        Loop(
                final S3StoreContext context,
                final TlsTrustManagersProvider authorities,
                final String threadName,
                final UnaryOperator<Runnable> around) {
            final ThreadFactory threads = new DefaultThreadFactory(threadName, true);
            final ThreadFactory wrapping = task -> threads.newThread(around.apply(task));
            group = new NioEventLoopGroup(1, wrapping);
            http = NettyNioAsyncHttpClient.builder()
                    .eventLoopGroup(SdkEventLoopGroup.create(group, NioSocketChannel::new))
                    .protocol(Protocol.HTTP1_1)
                    .maxConcurrency(context.maxConnections())
                    .maxPendingConnectionAcquires(context.maxOperations())
                    .connectionTimeout(context.connectTimeout())
                    .connectionAcquisitionTimeout(context.attemptTimeout())
                    .connectionMaxIdleTime(Duration.ofSeconds(5))
                    .readTimeout(context.attemptTimeout())
                    .writeTimeout(context.attemptTimeout())
                    .tcpKeepAlive(true)
                    .tlsTrustManagersProvider(authorities)
                    .build();
        }

        /** Executes a request whose future has been handed out already. */
        void run(final AsyncExecuteRequest request, final CompletableFuture<Void> result) {
            final CompletableFuture<Void> execution = http.execute(request);
            execution.whenComplete((nothing, failure) -> {
                if (failure == null) {
                    result.complete(null);
                } else {
                    result.completeExceptionally(failure);
                }
            });
            result.whenComplete((nothing, failure) -> {
                if (failure != null) {
                    execution.completeExceptionally(failure);
                }
            });
        }

        boolean isCurrentThread() {
            for (final EventExecutor loop : group) {
                if (loop.inEventLoop()) {
                    return true;
                }
            }
            return false;
        }

        Future<?> end(final long quietMs) {
            return group.shutdownGracefully(quietMs, CLOSE_LIMIT_MS, TimeUnit.MILLISECONDS);
        }
    }
}
