package io.varve.lsvd.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class NameKeysTest {
    @ParameterizedTest
    @ValueSource(strings = {"data", "volume-3f2504e0-4f89-11d3-9a0c-0305e82c3301", "0", "a..b", "disk_1.raw"})
    void aPlainNameStandsAsItIs(final String name) {
        assertThat(NameKeys.encode(name)).isEqualTo(name);
        assertThat(NameKeys.decode(name)).isEqualTo(name);
    }

    /** As Python's base64.b32hexencode has them. */
    @Test
    void othersAreInBase32() {
        assertThat(NameKeys.encode("Foobar")).isEqualTo("_8pnmuoj1e8");
        assertThat(NameKeys.encode("_foobar")).isEqualTo("_btj6urr2c5p0");
        assertThat(NameKeys.encode("F")).isEqualTo("_8o");
    }

    @Test
    void everyNameIsAKeyAndIsReadBack() {
        final Random random = new Random(1);
        final List<String> names = new ArrayList<>(
                List.of("A", "\ud83d\ude00", "\u20ac".repeat(128), "A".repeat(128), "A".repeat(125), "-"));
        for (int i = 0; i < 3000; i++) {
            final StringBuilder name = new StringBuilder();
            for (int j = 1 + random.nextInt(128); j > 0; j--) {
                name.append((char) ('!' + random.nextInt(i % 2 == 0 ? 90 : 20_000)));
            }
            names.add(name.toString());
        }
        for (final String name : names) {
            final String key = Keys.nameVersion(name, 5);
            assertThat(Keys.isValid(key)).as(key).isTrue();
            assertThat(Keys.isOwn(key)).as(key).isTrue();
            assertThat(Keys.nameOf(key)).isEqualTo(name);
            assertThat(key.split("/")).allMatch(part -> part.length() <= 255);
        }
    }

    @Test
    void noNamesKeysBeginAsAnothersDo() {
        final String whole = "A".repeat(125);
        assertThat(NameKeys.encode(whole)).hasSize(201);
        for (int length = 126; length < 384; length++) {
            assertThat(Keys.name("A".repeat(length))).doesNotStartWith(Keys.name(whole));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "_",
                "__",
                "-",
                ".a",
                "_z",
                "_8",
                "_8p",
                "_8o/",
                "__8o/_8o",
                "A",
                "_8TN",
                "_8o/_8o",
                "_chgn8o8"
            })
    void whatIsNotEncodedIsNoName(final String parts) {
        assertThat(NameKeys.isEncoded(parts)).isFalse();
        assertThatThrownBy(() -> NameKeys.decode(parts)).isInstanceOf(IllegalArgumentException.class);
    }
}
