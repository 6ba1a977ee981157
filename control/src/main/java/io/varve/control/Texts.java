package io.varve.control;

/** What several methods say alike. */
final class Texts {
    static final String VOLUME = "name or uuid of the volume";
    static final String SNAPSHOT = "name of the snapshot, without the volume's";
    static final String SETTINGS =
            "settings that differ from the daemon's, such as `store`, as an object of texts: another store, or another"
                    + " cache";

    private Texts() {}
}
