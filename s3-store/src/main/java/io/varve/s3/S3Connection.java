package io.varve.s3;

import io.netty.util.concurrent.DefaultThreadFactory;
import io.varve.lsvd.store.StoreException;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.client.config.SdkAdvancedAsyncClientOption;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.AwsProfileRegionProvider;
import software.amazon.awssdk.regions.providers.AwsRegionProviderChain;
import software.amazon.awssdk.regions.providers.InstanceProfileRegionProvider;
import software.amazon.awssdk.regions.providers.SystemSettingsRegionProvider;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3AsyncClientBuilder;

/**
 * An S3 client over an {@link S3Transport}, with {@value #WORKERS} threads that build requests and keep time. It sends each
 * request once: who tries again is {@link Attempts}.
 */
final class S3Connection implements AutoCloseable {
    private static final int WORKERS = 2;

    /** How long the event loops must have been idle, when requests were given up, so that these end in order. */
    private static final long QUIET_MS = 200;

    private static final Region DEFAULT_REGION = Region.US_EAST_1;

    private final S3Transport transport;
    private final ScheduledExecutorService executor;
    private final S3AsyncClient client;
    private final String server;
    private final Set<CompletableFuture<?>> requests = ConcurrentHashMap.newKeySet();

    /**
     * Makes a client; nothing is sent yet.
     *
     * @param transport owned by the connection from now on.
     * @throws StoreException when the settings are not enough for a client; the transport is closed then.
     */
    S3Connection(final S3StoreContext context, final S3Transport transport) throws StoreException {
        this.transport = transport;
        executor = newExecutor();
        try {
            final Region region = context.region() == null ? findRegion(context) : context.region();
            server = context.endpoint() == null
                    ? "S3 in " + region
                    : context.endpoint().toString();
            client = newClient(context, region);
        } catch (final StoreException e) {
            closeUnused();
            throw e;
        } catch (final SdkException | IllegalArgumentException | NullPointerException e) {
            closeUnused();
            throw new StoreException("the S3 client cannot be set up: " + e.getMessage(), e);
        }
    }

    private void closeUnused() {
        executor.shutdownNow();
        transport.close();
    }

    S3AsyncClient client() {
        return client;
    }

    /** Threads to begin requests on. */
    ScheduledExecutorService executor() {
        return executor;
    }

    /** The server as people are told of it. */
    String server() {
        return server;
    }

    /** Has a request given up when the connection is closed. */
    <T> CompletableFuture<T> track(final CompletableFuture<T> request) {
        requests.add(request);
        request.whenComplete((answer, failure) -> requests.remove(request));
        return request;
    }

    /** Ends threads and connections; may be called by any thread, the connection's own included. */
    @Override
    public void close() {
        executor.shutdownNow();
        final long quietMs = requests.isEmpty() ? 0 : QUIET_MS;
        requests.forEach(request -> request.cancel(true));
        client.close();
        transport.close(quietMs);
    }

    private S3AsyncClient newClient(final S3StoreContext context, final Region region) {
        final S3AsyncClientBuilder builder = S3AsyncClient.builder()
                .httpClient(transport)
                .region(region)
                .forcePathStyle(context.pathStyle() || isLocal(context.endpoint()))
                .serviceConfiguration(s3 -> s3.expectContinueEnabled(false))
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .asyncConfiguration(async ->
                        async.advancedOption(SdkAdvancedAsyncClientOption.FUTURE_COMPLETION_EXECUTOR, Runnable::run))
                .overrideConfiguration(all ->
                        all.retryStrategy(DefaultRetryStrategy.doNotRetry()).scheduledExecutorService(executor));
        if (context.credentials() != null) {
            builder.credentialsProvider(context.credentials());
        }
        if (context.endpoint() != null) {
            builder.endpointOverride(context.endpoint());
        }
        return builder.build();
    }

    /** Servers other than AWS mostly don't care for the region, but requests are signed for one. */
    private static Region findRegion(final S3StoreContext context) throws StoreException {
        final boolean hasEndpoint = context.endpoint() != null
                || System.getenv("AWS_ENDPOINT_URL_S3") != null
                || System.getenv("AWS_ENDPOINT_URL") != null;
        final AwsRegionProviderChain chain = hasEndpoint
                ? new AwsRegionProviderChain(new SystemSettingsRegionProvider(), new AwsProfileRegionProvider())
                : new AwsRegionProviderChain(
                        new SystemSettingsRegionProvider(),
                        new AwsProfileRegionProvider(),
                        new InstanceProfileRegionProvider());
        try {
            return chain.getRegion();
        } catch (final SdkException e) {
            if (hasEndpoint) {
                return DEFAULT_REGION;
            }
            throw new StoreException(
                    "no region is set for S3: set s3-region, AWS_REGION or the region of the AWS profile", e);
        }
    }

    private static boolean isLocal(final URI endpoint) {
        return endpoint != null && (endpoint.getHost().equals("localhost") || isIpAddress(endpoint.getHost()));
    }

    private static boolean isIpAddress(final String host) {
        return host.startsWith("[") || host.matches("[0-9]+(\\.[0-9]+){3}");
    }

    private static ScheduledExecutorService newExecutor() {
        final ScheduledThreadPoolExecutor executor =
                new ScheduledThreadPoolExecutor(WORKERS, new DefaultThreadFactory("varve-s3", true));
        executor.setRemoveOnCancelPolicy(true);
        return executor;
    }
}
