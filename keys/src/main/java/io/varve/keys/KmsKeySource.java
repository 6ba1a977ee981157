package io.varve.keys;

import io.varve.lsvd.crypto.KeyException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A key of AWS KMS, which never leaves it: each data key is wrapped and unwrapped by a call. Credentials are looked for where the SDK does;
 * the region is that of the ARN.
 *
 * @param arn      of a key or an alias.
 * @param region   where the key is.
 * @param endpoint in place of the region's own; null for that.
 */
record KmsKeySource(String arn, String region, URI endpoint) implements KeySource {
    static final String KIND = "aws-kms";

    private static final Pattern ARN =
            Pattern.compile("arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:(key/[A-Za-z0-9-]+|alias/[A-Za-z0-9/_-]+)");
    private static final int MAX_LENGTH = 2048;

    static KmsKeySource of(final String arn, final Map<String, String> environment) throws KeyException {
        final Matcher parts = ARN.matcher(arn);
        if (arn.length() > MAX_LENGTH || !parts.matches()) {
            throw new KeyException("'" + arn + "' is no ARN of a KMS key: write"
                    + " aws-kms:arn:aws:kms:REGION:ACCOUNT:key/ID, or alias/NAME in place of key/ID");
        }
        return new KmsKeySource(arn, parts.group(1), endpoint(environment));
    }

    private static URI endpoint(final Map<String, String> environment) throws KeyException {
        final String text =
                environment.getOrDefault("AWS_ENDPOINT_URL_KMS", environment.getOrDefault("AWS_ENDPOINT_URL", ""));
        if (text.isEmpty() || Boolean.parseBoolean(environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))) {
            return null;
        }
        try {
            final URI endpoint = new URI(text);
            if (endpoint.getHost() != null
                    && ("http".equals(endpoint.getScheme()) || "https".equals(endpoint.getScheme()))) {
                return endpoint;
            }
        } catch (final URISyntaxException e) {
            // Told below.
        }
        throw new KeyException("AWS_ENDPOINT_URL_KMS is no URL of a server: write https://HOST");
    }

    @Override
    public Wrapper open() throws KeyException {
        return new KmsKey(this);
    }

    @Override
    public String toString() {
        return KIND + ":" + arn;
    }
}
