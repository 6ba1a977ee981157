package io.varve.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ExtentsTest {
    private final Extents extents = new Extents(2);

    @Test
    void neighboursThatAreAlikeBecomeOne() {
        assertThat(extents.add(512, true)).isTrue();
        assertThat(extents.add(1024, true)).isTrue();
        assertThat(extents.add(4096, false)).isTrue();
        assertThat(extents.add(4096, false)).isTrue();
        assertThat(extents.count()).isEqualTo(2);
        assertThat(extents.length(0)).isEqualTo(1536);
        assertThat(extents.isAllocated(0)).isTrue();
        assertThat(extents.length(1)).isEqualTo(8192);
        assertThat(extents.isAllocated(1)).isFalse();
        assertThat(extents.totalLength()).isEqualTo(1536 + 8192);
    }

    @Test
    void whatHasNoRoomChangesNothing() {
        extents.add(512, true);
        extents.add(512, false);
        assertThat(extents.add(512, true)).isFalse();
        assertThat(extents.totalLength()).isEqualTo(1024);
        extents.clear();
        assertThat(extents.count()).isZero();
        assertThat(extents.totalLength()).isZero();
        assertThatThrownBy(() -> extents.length(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void aPartHasALength() {
        assertThatThrownBy(() -> extents.add(0, true)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Extents(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
