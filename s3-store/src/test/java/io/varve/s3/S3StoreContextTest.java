package io.varve.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.store.StoreException;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.regions.Region;

final class S3StoreContextTest {
    @ParameterizedTest
    @ValueSource(strings = {"http://127.0.0.1:9000", "https://s3.example.com", "HTTP://[::1]:80/path"})
    void takesAnEndpoint(final String text) throws StoreException {
        assertThat(new S3StoreContext().endpoint(text).endpoint()).isEqualTo(URI.create(text));
    }

    @ParameterizedTest
    @CsvSource({
        "localhost:9000, is no server's address",
        "ftp://host, is no server's address",
        "http:///x, is no server's address",
        "http://a b, is not a URL",
        "http://host?x, no part of it",
        "http://host#x, no part of it"
    })
    void refusesWhatIsNoEndpoint(final String text, final String reason) {
        assertThatThrownBy(() -> new S3StoreContext().endpoint(text))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void doesNotRepeatCredentials() {
        assertThatThrownBy(() -> new S3StoreContext().endpoint("http://me:secret@host"))
                .isInstanceOf(StoreException.class)
                .hasMessageNotContaining("secret");
    }

    @Test
    void takesARegionOrNone() throws StoreException {
        assertThat(new S3StoreContext().region("eu-central-1").region()).isEqualTo(Region.EU_CENTRAL_1);
        assertThat(new S3StoreContext().region("").region()).isNull();
        assertThat(new S3StoreContext().endpoint("").endpoint()).isNull();
        assertThatThrownBy(() -> new S3StoreContext().region("Over There"))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("no name of a region");
    }

    @Test
    void givesTransfersTimeByTheirLength() {
        final S3StoreContext context =
                new S3StoreContext().attemptTimeout(Duration.ofSeconds(2)).minBytesPerSecond(1000);
        assertThat(context.attemptTimeout(0)).isEqualTo(Duration.ofSeconds(2));
        assertThat(context.attemptTimeout(5_000_000_000L)).isEqualTo(Duration.ofSeconds(5_000_002));
    }
}
