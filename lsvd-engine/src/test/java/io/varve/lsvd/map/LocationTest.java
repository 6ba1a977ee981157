package io.varve.lsvd.map;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class LocationTest {
    @Test
    void theGreatestPlacesAreToldApart() {
        final long object = Location.inObject(Location.MAX_SEQUENCE, Location.MAX_OBJECT_BLOCKS);
        assertThat(Location.isLog(object)).isFalse();
        assertThat(Location.sequence(object)).isEqualTo(Location.MAX_SEQUENCE);
        assertThat(Location.block(object)).isEqualTo(Location.MAX_OBJECT_BLOCKS);
        final long log = Location.inLog((1L << 51) - 1);
        assertThat(Location.isLog(log)).isTrue();
        assertThat(Location.logPosition(log)).isEqualTo((1L << 51) - 1);
    }

    @Test
    void anObjectBehindTheLastIsNotTakenForTheLog() {
        assertThatIllegalArgumentException().isThrownBy(() -> Location.inObject(Location.MAX_SEQUENCE + 1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> Location.inObject(-1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> Location.inObject(1, Location.MAX_OBJECT_BLOCKS + 1));
        assertThatIllegalArgumentException().isThrownBy(() -> Location.inObject(1, -1));
    }
}
