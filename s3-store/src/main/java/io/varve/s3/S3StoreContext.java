package io.varve.s3;

import io.varve.lsvd.store.StoreException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.regions.Region;

/**
 * Settings of an {@link S3ObjectStore}. What is not set is as the AWS SDK finds it: credentials by its standard chain
 * (environment, system properties, profile, container, instance), endpoint and region from the environment and the profile,
 * trusted authorities from the file that {@value CaBundle#VARIABLE} names, else from the JVM.
 *
 * <p>Set before it is handed over, and by one thread.
 */
public final class S3StoreContext {
    private static final Pattern REGION = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");

    private URI endpoint;
    private Region region;
    private boolean pathStyle;
    private AwsCredentialsProvider credentials;
    private Path caBundle = CaBundle.ofEnvironment();
    private Duration nameTimeout = Duration.ofSeconds(6);
    private Duration connectTimeout = Duration.ofSeconds(3);
    private Duration attemptTimeout = Duration.ofSeconds(15);
    private int minBytesPerSecond = 1 << 20;
    private Duration operationTimeout = Duration.ofSeconds(60);
    private int maxAttempts = 5;
    private Duration minBackOff = Duration.ofMillis(50);
    private Duration maxBackOff = Duration.ofSeconds(3);
    private int retryBudget = 64;
    private int maxConnections = 64;
    private int maxOperations = 8192;

    /** The server's address, {@code http://HOST[:PORT]} or {@code https://...}, or null. */
    public URI endpoint() {
        return endpoint;
    }

    /**
     * Sets the server's address.
     *
     * @param text as {@link #endpoint()}; null and empty for none.
     * @throws StoreException when it is no such address: one line that says why.
     */
    public S3StoreContext endpoint(final String text) throws StoreException {
        endpoint = text == null || text.isEmpty() ? null : parseEndpoint(text);
        return this;
    }

    /** The region that requests are signed for, or null. */
    public Region region() {
        return region;
    }

    /**
     * Sets the region that requests are signed for.
     *
     * @param name null and empty for none.
     * @throws StoreException when it can be no region's name.
     */
    public S3StoreContext region(final String name) throws StoreException {
        if (name != null && !name.isEmpty() && !REGION.matcher(name).matches()) {
            throw new StoreException("'" + name + "' is no name of a region: lower-case letters, digits and '-'");
        }
        region = name == null || name.isEmpty() ? null : Region.of(name);
        return this;
    }

    /** Whether the bucket is named in the path instead of the host's name. */
    public boolean pathStyle() {
        return pathStyle;
    }

    /** Sets whether the bucket is named in the path; where the endpoint is an IP address or {@code localhost} it always is. */
    public S3StoreContext pathStyle(final boolean value) {
        pathStyle = value;
        return this;
    }

    /** Where credentials come from, or null for the standard chain. */
    public AwsCredentialsProvider credentials() {
        return credentials;
    }

    /** Sets where credentials come from. */
    public S3StoreContext credentials(final AwsCredentialsProvider value) {
        credentials = value;
        return this;
    }

    /** File with the certificates of the authorities that servers are trusted by, or null for those of the JVM. */
    public Path caBundle() {
        return caBundle;
    }

    /** Sets the file with the certificates of authorities, in PEM; null for the authorities of the JVM. */
    public S3StoreContext caBundle(final Path value) {
        caBundle = value;
        return this;
    }

    /** How long the look-up of a host's name may take: the default outlasts one name server that is away. */
    public Duration nameTimeout() {
        return nameTimeout;
    }

    /** Sets how long the look-up of a host's name may take. */
    public S3StoreContext nameTimeout(final Duration value) {
        nameTimeout = value;
        return this;
    }

    /** How long a connection may take to be made, TLS apart. */
    public Duration connectTimeout() {
        return connectTimeout;
    }

    /** Sets how long a connection may take to be made. */
    public S3StoreContext connectTimeout(final Duration value) {
        connectTimeout = value;
        return this;
    }

    /** How long one attempt may take, besides the time for its bytes at {@link #minBytesPerSecond()}. */
    public Duration attemptTimeout() {
        return attemptTimeout;
    }

    /** Sets how long one attempt may take. */
    public S3StoreContext attemptTimeout(final Duration value) {
        attemptTimeout = value;
        return this;
    }

    /** The rate that a transfer must reach, besides {@link #attemptTimeout()}. */
    public int minBytesPerSecond() {
        return minBytesPerSecond;
    }

    /** Sets the rate that a transfer must reach. */
    public S3StoreContext minBytesPerSecond(final int value) {
        minBytesPerSecond = value;
        return this;
    }

    /** After how long no further attempt begins. */
    public Duration operationTimeout() {
        return operationTimeout;
    }

    /** Sets after how long no further attempt begins. */
    public S3StoreContext operationTimeout(final Duration value) {
        operationTimeout = value;
        return this;
    }

    /** Greatest number of attempts for one operation, the first included. */
    public int maxAttempts() {
        return maxAttempts;
    }

    /** Sets the greatest number of attempts for one operation. */
    public S3StoreContext maxAttempts(final int value) {
        maxAttempts = value;
        return this;
    }

    /** Greatest pause before the second attempt; it doubles with each further one. The pause is drawn from 0 to this. */
    public Duration minBackOff() {
        return minBackOff;
    }

    /** Sets the greatest pause before the second attempt. */
    public S3StoreContext minBackOff(final Duration value) {
        minBackOff = value;
        return this;
    }

    /** What the pauses between attempts grow to. */
    public Duration maxBackOff() {
        return maxBackOff;
    }

    /** Sets what the pauses between attempts grow to. */
    public S3StoreContext maxBackOff(final Duration value) {
        maxBackOff = value;
        return this;
    }

    /** How many attempts may be repeated in a row, by all operations together, before failures are final at once. */
    public int retryBudget() {
        return retryBudget;
    }

    /** Sets the budget of repeated attempts. */
    public S3StoreContext retryBudget(final int value) {
        retryBudget = value;
        return this;
    }

    /** Greatest number of connections for creations, and of those for all else; operations beyond it wait for one. */
    public int maxConnections() {
        return maxConnections;
    }

    /** Sets the greatest number of connections of each of the two kinds. */
    public S3StoreContext maxConnections(final int value) {
        maxConnections = value;
        return this;
    }

    /** Greatest number of operations that have begun and not ended; further ones fail at once. */
    public int maxOperations() {
        return maxOperations;
    }

    /** Sets the greatest number of operations at a time. */
    public S3StoreContext maxOperations(final int value) {
        maxOperations = value;
        return this;
    }

    /** How long an attempt that moves so many bytes may take. */
    Duration attemptTimeout(final long bytes) {
        return attemptTimeout.plusMillis(bytes * 1000 / minBytesPerSecond);
    }

    private static URI parseEndpoint(final String text) throws StoreException {
        final String what = "S3 endpoint '" + text + "'";
        final URI uri;
        try {
            uri = new URI(text);
        } catch (final URISyntaxException e) {
            throw new StoreException(what + " is not a URL; give it as http://HOST:PORT or https://HOST", e);
        }
        final boolean http = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
        if (!http || uri.getHost() == null) {
            throw new StoreException(what + " is no server's address; give it as http://HOST:PORT or https://HOST");
        }
        if (uri.getUserInfo() != null || uri.getQuery() != null || uri.getFragment() != null) {
            throw new StoreException("S3 endpoint of host '" + uri.getHost()
                    + "': credentials, '?' and '#' are no part of it; give it as http://HOST:PORT or https://HOST");
        }
        return uri;
    }
}
