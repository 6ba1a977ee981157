package io.varve.vhostuser;

import java.util.List;

/** The lanes of a session's rings: ring i belongs to the reactor and the lanes in turn, so that the first is the reactor's. The reactor's. */
final class Lanes {
    private final Lane[] all;

    Lanes(final List<Lane> all) {
        this.all = all.toArray(Lane[]::new);
    }

    /** The lane of a ring, null for the reactor itself. */
    Lane of(final int ring) {
        final int turn = ring % (all.length + 1);
        return turn == 0 ? null : all[turn - 1];
    }

    /** Whether all rings are at home. */
    boolean areHome() {
        for (final Lane lane : all) {
            if (!lane.isHome()) {
                return false;
            }
        }
        return true;
    }

    /** Lends rings to lanes that have none. */
    void lend(final Vrings vrings) {
        for (final Lane lane : all) {
            lane.lend(vrings);
        }
    }

    /** Asks for all rings. */
    void recall() {
        for (final Lane lane : all) {
            lane.recall();
        }
    }

    /** As {@link Lane#doWorkAtHome()}, for all. */
    int doWork() throws ProtocolException {
        int work = 0;
        for (final Lane lane : all) {
            work += lane.doWorkAtHome();
        }
        return work;
    }
}
