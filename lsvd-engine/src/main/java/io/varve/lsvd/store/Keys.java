package io.varve.lsvd.store;

import java.util.UUID;
import java.util.regex.Pattern;

/**
 * The layout of keys in a store (see {@code docs/store-layout.md}). Numbers are 16 hexadecimal digits, so that the order of
 * keys is the order of numbers.
 */
public final class Keys {
    /** Prefix of all names. */
    public static final String NAMES = "names/";

    private static final int NUMBER_LENGTH = 16;
    private static final String REMOVED = "/removed";
    private static final String TOMBSTONE = "tombstone";
    private static final Pattern KEY = Pattern.compile("[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*");
    private static final String PART = "[a-z0-9_-][a-z0-9._-]*";
    private static final String NUMBER = "[0-7][0-9a-f]{15}";
    private static final String UUID_PART = "[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}";
    private static final Pattern OWN = Pattern.compile("volumes/" + UUID_PART + "/(tombstone"
            + "|(epochs|settings|metadata|keys)/" + NUMBER
            + "|(log|hot)/" + NUMBER + "/" + NUMBER
            + "|pins/" + NUMBER + "/(" + NUMBER + "|removed)"
            + "|children/" + NUMBER + "/" + UUID_PART
            + ")|names/(__[0-9a-v]+/)*" + PART + "/" + NUMBER);
    private static final Pattern PREFIX = Pattern.compile("([a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*/?)?");

    private Keys() {}

    /**
     * Whether a text is a key: parts of lower-case letters, digits and {@code - _ .} between single slashes, none beginning
     * with a dot, at most {@link ObjectStore#MAX_KEY_LENGTH} in all.
     */
    public static boolean isValid(final String text) {
        return text.length() <= ObjectStore.MAX_KEY_LENGTH && KEY.matcher(text).matches();
    }

    /** Whether a key is one of those that this class lays out: see {@link ForeignKeys}. */
    static boolean isOwn(final String key) {
        return OWN.matcher(key).matches() && (!key.startsWith(NAMES) || NameKeys.isEncoded(partOf(key)));
    }

    /** Whether an object of a key is created only to give up or remove something, or to name it. */
    static boolean isOfRemoval(final String key) {
        return key.startsWith(NAMES) || key.endsWith(TOMBSTONE) || key.endsWith(REMOVED);
    }

    /** Whether a key is of an object in the sequence of an epoch. */
    static boolean isOfLog(final String key) {
        return key.startsWith("volumes/") && key.contains("/log/");
    }

    /** Whether a key can begin with a text; the empty one is a prefix of all. */
    public static boolean isPrefix(final String text) {
        return text.length() <= ObjectStore.MAX_KEY_LENGTH
                && PREFIX.matcher(text).matches();
    }

    /** Prefix of everything that belongs to a volume. */
    public static String volume(final UUID volume) {
        return "volumes/" + volume + "/";
    }

    /** Prefix of a volume's epoch records. */
    public static String epochs(final UUID volume) {
        return volume(volume) + "epochs/";
    }

    /** An epoch record. */
    public static String epoch(final UUID volume, final long epoch) {
        return epochs(volume) + number(epoch);
    }

    /** Prefix of a volume's changed settings. */
    public static String settings(final UUID volume) {
        return volume(volume) + "settings/";
    }

    /** A change of a volume's settings. */
    public static String settings(final UUID volume, final long version) {
        return settings(volume) + number(version);
    }

    /** Prefix of what is noted of a volume beside its data. */
    public static String metadata(final UUID volume) {
        return volume(volume) + "metadata/";
    }

    /** A change of what is noted of a volume. */
    public static String metadata(final UUID volume, final long version) {
        return metadata(volume) + number(version);
    }

    /** Prefix of a volume's wrapped data keys. */
    public static String dataKeys(final UUID volume) {
        return volume(volume) + "keys/";
    }

    /** A wrapping of a volume's data keys. */
    public static String dataKeys(final UUID volume, final long version) {
        return dataKeys(volume) + number(version);
    }

    /** Prefix of the objects of all epochs. */
    public static String logs(final UUID volume) {
        return volume(volume) + "log/";
    }

    /** Prefix of the objects of one epoch. */
    public static String log(final UUID volume, final long epoch) {
        return logs(volume) + number(epoch) + "/";
    }

    /** An object in the sequence of an epoch. */
    public static String object(final UUID volume, final long epoch, final long sequence) {
        return log(volume, epoch) + number(sequence);
    }

    /** Prefix of the pins of a volume: what keeps the objects that a checkpoint needs. */
    public static String pins(final UUID volume) {
        return volume(volume) + "pins/";
    }

    /** Prefix of the versions of the pin of a checkpoint, and of the mark that it is removed. */
    public static String pins(final UUID volume, final long checkpoint) {
        return pins(volume) + number(checkpoint) + "/";
    }

    /** A version of the pin of a checkpoint. */
    public static String pin(final UUID volume, final long checkpoint, final long version) {
        return pins(volume, checkpoint) + number(version);
    }

    /** The mark that the pin of a checkpoint is removed, for good. */
    public static String pinRemoved(final UUID volume, final long checkpoint) {
        return pins(volume) + number(checkpoint) + REMOVED;
    }

    /** Whether the key of a pin is that mark. */
    public static boolean isPinRemoved(final String key) {
        return key.endsWith(REMOVED);
    }

    /** Prefix of what a volume's writers said was hot where they ran. */
    public static String hotSets(final UUID volume) {
        return volume(volume) + "hot/";
    }

    /** Prefix of what the writer of an epoch said was hot. */
    public static String hotSets(final UUID volume, final long epoch) {
        return hotSets(volume) + number(epoch) + "/";
    }

    /** What was hot where an epoch was written, as it was told for the nth time, from 1. */
    public static String hotSet(final UUID volume, final long epoch, final long version) {
        return hotSets(volume, epoch) + number(version);
    }

    /** Prefix of the clones of a volume. */
    public static String children(final UUID volume) {
        return volume(volume) + "children/";
    }

    /** The mark that a clone needs what a checkpoint does. */
    public static String child(final UUID volume, final long checkpoint, final UUID child) {
        return children(volume) + number(checkpoint) + "/" + child;
    }

    /** The checkpoint that the key of a pin or child names. */
    public static long pinned(final String key) {
        return secondLastNumber(key);
    }

    /** The epoch that the key of an object or a hot set names. */
    public static long epochOf(final String key) {
        return secondLastNumber(key);
    }

    /** The mark of a removed volume; never deleted. */
    public static String tombstone(final UUID volume) {
        return volume(volume) + TOMBSTONE;
    }

    /** Prefix of the versions of a name. */
    public static String name(final String name) {
        return NAMES + NameKeys.encode(name) + "/";
    }

    /**
     * The name that a key is a version of.
     *
     * @throws IllegalArgumentException when it is of no name.
     */
    public static String nameOf(final String key) {
        return NameKeys.decode(partOf(key));
    }

    private static String partOf(final String key) {
        return key.substring(NAMES.length(), key.lastIndexOf('/'));
    }

    /** A claim or release of a name. */
    public static String nameVersion(final String name, final long version) {
        return name(name) + number(version);
    }

    /**
     * The number that a key ends with.
     *
     * @throws IllegalArgumentException when it ends with none.
     */
    public static long lastNumber(final String key) {
        final String digits = key.substring(key.lastIndexOf('/') + 1);
        if (digits.length() != NUMBER_LENGTH) {
            throw new IllegalArgumentException("not a numbered key: " + key);
        }
        return Long.parseUnsignedLong(digits, 16);
    }

    private static long secondLastNumber(final String key) {
        final int end = key.lastIndexOf('/');
        return Long.parseUnsignedLong(key, end - NUMBER_LENGTH, end, 16);
    }

    private static String number(final long value) {
        final String digits = Long.toHexString(value);
        return "0".repeat(NUMBER_LENGTH - digits.length()) + digits;
    }
}
