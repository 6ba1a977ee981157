package io.varve.launcher.torture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** One way of torturing, round by round. A round that finds something wrong throws an {@link AssertionError}. */
abstract class Torment {
    private final Path directory;
    private final StorePlace place;
    private Rig rig;
    private int rigRounds;
    private int rigCount;

    Torment(final Path directory, final StorePlace place) {
        this.directory = directory;
        this.place = place;
    }

    /** Name, as of a command. */
    abstract String name();

    /** One round. */
    abstract void round(Random random) throws IOException, InterruptedException;

    /** What happened so far, in figures. */
    abstract String figures();

    /** More of that for the end, each line after a line break. */
    String details() {
        return "";
    }

    /** The rig, made anew now and then, so that no store grows without limit. */
    Rig rig() throws IOException, InterruptedException {
        if (rig == null || rigRounds == place.rounds()) {
            close();
            Path home;
            do {
                home = directory.resolve(name() + "-" + ++rigCount);
            } while (Files.exists(home));
            rig = Rig.create(home, place);
            rigRounds = 0;
            onNewRig();
        }
        rigRounds++;
        return rig;
    }

    /** Called when {@link #rig()} has made a new one. */
    void onNewRig() {}

    /** Called when all rounds on a rig were well, before it is given back. */
    void onEndOfRig() throws IOException, InterruptedException {}

    /** Where a failure can be looked at: everything is left as it was, and nothing runs. */
    Path keepEvidence() throws IOException {
        if (rig == null) {
            return directory;
        }
        rig.killAll();
        rig.keepOutputs();
        final Path home = rig.home();
        rig = null;
        return home;
    }

    /** Gives everything back. */
    void close() throws IOException, InterruptedException {
        if (rig != null) {
            onEndOfRig();
            rig.dispose();
            rig = null;
        }
    }

    /** A number up to a limit, small ones as likely as great ones. */
    static long spread(final Random random, final long least, final long most) {
        return (long) (least * Math.pow((double) most / least, random.nextDouble()));
    }
}
