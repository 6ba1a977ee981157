package io.varve.launcher.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.launcher.UserException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "4096, 4096",
        "1K, 1024",
        "1k, 1024",
        "512M, 536870912",
        "10G, 10737418240",
        "64T, 70368744177664",
        "9223372036854775807, 9223372036854775807",
        "' 7M ', 7340032"
    })
    void readsSizes(final String text, final long bytes) {
        assertThat(ByteSize.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "G", "-1", "+1", "1.5G", "10GiB", "10 G", "0x10", "ten", "٣", "1P"})
    void refusesWhatIsNoSize(final String text) {
        assertThatThrownBy(() -> ByteSize.parse(text))
                .isInstanceOf(UserException.class)
                .hasMessage("'" + text + "' is not a size: give bytes, or a whole number with K, M, G or T (10G)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"9223372036854775808", "8388608T", "99999999999999999999G"})
    void refusesWhatDoesNotFit(final String text) {
        assertThatThrownBy(() -> ByteSize.parse(text))
                .isInstanceOf(UserException.class)
                .hasMessage("'" + text + "' is too large a size");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1023, 1023",
        "1024, 1K",
        "1536, 1.5K",
        "10737418240, 10G",
        "70368744177664, 64T",
        "9223372036854775807, 8388608.0T"
    })
    void writesSizes(final long bytes, final String text) {
        assertThat(ByteSize.format(bytes)).isEqualTo(text);
    }

    @Test
    void readsBackWholeUnitsThatItWrote() {
        final Random random = new Random(42);
        for (int i = 0; i < 10_000; i++) {
            final long bytes = (1 + random.nextInt(1023)) * (1L << 10 * random.nextInt(5));
            assertThat(ByteSize.parse(ByteSize.format(bytes))).isEqualTo(bytes);
        }
    }
}
