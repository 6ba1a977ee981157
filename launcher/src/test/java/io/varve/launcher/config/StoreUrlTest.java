package io.varve.launcher.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.launcher.UserException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StoreUrlTest {
    @ParameterizedTest
    @CsvSource({
        "file:///srv/varve, /srv/varve",
        "file:///srv/a/../varve/, /srv/varve",
        "file://localhost/srv, /srv",
        "file:/srv, /srv",
        "file:///with%20space/%25, '/with space/%'"
    })
    void readsDirectories(final String text, final String directory) {
        final StoreUrl url = StoreUrl.parse(text);
        assertThat(url).isEqualTo(new StoreUrl.Directory(Path.of(directory)));
        assertThat(StoreUrl.parse(url.toString())).isEqualTo(url);
    }

    @ParameterizedTest
    @CsvSource({"s3://bucket, s3://bucket", "s3://bucket/, s3://bucket", "s3://bucket/a/b/, s3://bucket/a/b"})
    void readsBuckets(final String text, final String canonical) {
        final StoreUrl url = StoreUrl.parse(text);
        assertThat(url).isInstanceOf(StoreUrl.S3.class).hasToString(canonical);
        assertThat(StoreUrl.parse(canonical)).isEqualTo(url);
    }

    @ParameterizedTest
    @CsvSource({
        "s3://, names no bucket",
        "s3://bucket/a//b, the prefix 'a//b' must be",
        "/srv/varve, is of no known kind",
        "ftp://host/x, is of no known kind",
        "'', is of no known kind",
        "file://srv/varve, does not name a local directory",
        "file:srv, does not name a local directory",
        "file:///a b, is not a URL",
        "file:///a?b, takes no",
        "file:///a#b, takes no"
    })
    void refusesTheRestInOneLine(final String text, final String reason) {
        assertThatThrownBy(() -> StoreUrl.parse(text))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("store '" + text + "'")
                .hasMessageContaining(reason)
                .hasMessageNotContaining("\n");
    }

    @Test
    void refusesADirectoryThatNoFileSystemHas() {
        assertThatThrownBy(() -> StoreUrl.parse("file:///srv/a%00b"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("'/srv/a?b' is not a path");
    }
}
