package io.varve.control;

import java.util.Locale;

/** Why something was refused or has failed, for programs. Treat one that you don't know as {@link #INTERNAL}. */
public enum ErrorKind {
    /** There is no volume, snapshot, job or file of that name, or the volume is not attached. */
    NOT_FOUND("there is no volume, snapshot, job or file of that name, or the volume is not attached"),

    /** There is one of that name already. */
    EXISTS("there is one of that name already"),

    /** Somebody uses it, or does something else with it right now. */
    BUSY("somebody uses it, or does something else with it right now: try again when they are done"),

    /** It has snapshots, which have to go first. */
    HAS_SNAPSHOTS("it has snapshots, which have to go first"),

    /** It has clones, which have to go first. */
    HAS_CHILDREN("it has clones, which have to go first, or to be flattened"),

    /** The snapshot is protected. */
    PROTECTED("the snapshot is protected"),

    /** The volume is served read-only here. */
    READ_ONLY("the volume is served read-only"),

    /** Another host has opened the volume since, or has shut this one out. */
    FENCED("another host has opened the volume since, or has shut this one out"),

    /** There is no room: on a disk, in a store, or in the daemon's limits. */
    NO_SPACE("there is no room: on a disk, in a store, or within the daemon's limits"),

    /** A store, a disk or the daemon can't do it now; trying again later may help. */
    UNAVAILABLE("a store, a disk or the daemon can't do it now: trying again later may help"),

    /** What a store or a log holds is damaged. */
    DAMAGED("what a store or a log holds is damaged, or not all there"),

    /** It makes no sense as it was asked. */
    INVALID("it makes no sense as it was asked, whatever the state of things"),

    /** It was cancelled. */
    CANCELLED("it was cancelled, or the volume was detached meanwhile"),

    /** A fault in Varve itself. */
    INTERNAL("a fault in Varve itself");

    private final String meaning;

    ErrorKind(final String meaning) {
        this.meaning = meaning;
    }

    /** What it says, for the documentation. */
    public String meaning() {
        return meaning;
    }

    /** As it is written in an answer. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The kind that is written so; {@link #INTERNAL} for one that is not known here. */
    public static ErrorKind of(final Object word) {
        for (final ErrorKind kind : values()) {
            if (kind.word().equals(word)) {
                return kind;
            }
        }
        return INTERNAL;
    }
}
