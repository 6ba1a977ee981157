package io.varve.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class S3LocationTest {
    @ParameterizedTest
    @CsvSource({
        "s3://bucket, bucket, '', s3://bucket",
        "s3://bucket/, bucket, '', s3://bucket",
        "s3://my.bucket-1/a, my.bucket-1, a/, s3://my.bucket-1/a",
        "s3://bucket/a/b_c/D.e/, bucket, a/b_c/D.e/, s3://bucket/a/b_c/D.e"
    })
    void readsBucketAndPrefix(final String url, final String bucket, final String prefix, final String canonical)
            throws StoreException {
        final S3Location location = S3Location.parse(url);
        assertThat(location).isEqualTo(new S3Location(bucket, prefix)).hasToString(canonical);
        assertThat(S3Location.parse(canonical)).isEqualTo(location);
        assertThat(location.s3Key("x/y")).isEqualTo(prefix + "x/y");
    }

    @ParameterizedTest
    @CsvSource({
        "file:///bucket, is not an S3 address",
        "S3://bucket, is not an S3 address",
        "s3://, names no bucket",
        "s3:///prefix, names no bucket",
        "s3://b, is no name for a bucket",
        "s3://-bucket, is no name for a bucket",
        "s3://a..b, is no name for a bucket",
        "s3://bu%63ket, is no name for a bucket",
        "s3://host:9000/bucket, credentials and ports",
        "s3://bucket//a, the prefix '/a' must be",
        "s3://bucket/a//b, the prefix 'a//b' must be",
        "s3://bucket/../b, the prefix '../b' must be",
        "s3://bucket/.hidden, the prefix '.hidden' must be",
        "s3://bucket/a b, the prefix 'a b' must be",
        "s3://bucket/a?b, the prefix 'a?b' must be"
    })
    void refusesTheRestInOneLine(final String url, final String reason) {
        assertThatThrownBy(() -> S3Location.parse(url))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(url)
                .hasMessageContaining(reason)
                .hasMessageNotContaining("\n");
    }

    @Test
    void doesNotRepeatCredentials() {
        assertThatThrownBy(() -> S3Location.parse("s3://AKIA:secret@bucket/a"))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("credentials")
                .hasMessageNotContaining("secret");
    }

    @Test
    void leavesRoomForTheLongestKey() throws StoreException {
        final int most = S3Location.MAX_S3_KEY_LENGTH - ObjectStore.MAX_KEY_LENGTH - 1;
        final String longest = "p".repeat(most);
        final S3Location location = S3Location.parse("s3://bucket/" + longest);
        assertThat(location.s3Key("k".repeat(ObjectStore.MAX_KEY_LENGTH))).hasSize(S3Location.MAX_S3_KEY_LENGTH);
        assertThatThrownBy(() -> S3Location.parse("s3://bucket/p" + longest))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("longer than " + most);
    }
}
