package io.varve.s3;

import io.varve.lsvd.store.StoreException;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/**
 * How to reach a server under test.
 *
 * @param endpoint  its address.
 * @param bucket    that exists.
 * @param accessKey of the bucket's owner.
 * @param secretKey belongs to the access key.
 */
public record S3Server(String endpoint, String bucket, String accessKey, String secretKey) {
    /** The same server by another way. */
    public S3Server through(final String otherEndpoint) {
        return new S3Server(otherEndpoint, bucket, accessKey, secretKey);
    }

    /** Settings to reach it. */
    public S3StoreContext context() throws StoreException {
        return new S3StoreContext()
                .endpoint(endpoint)
                .region("us-east-1")
                .credentials(StaticCredentialsProvider.create(AwsBasicCredentials.create(accessKey, secretKey)));
    }

    /** Opens a store under a prefix of the bucket; empty for the whole. */
    public S3ObjectStore open(final String prefix, final S3StoreContext context) throws StoreException {
        return S3ObjectStore.open(S3Location.parse("s3://" + bucket + "/" + prefix), context);
    }
}
