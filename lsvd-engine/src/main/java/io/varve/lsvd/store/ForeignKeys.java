package io.varve.lsvd.store;

import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keys in a store that are not laid out as {@link Keys} has it: what people, their file managers and other programs leave there.
 * They are nobody's objects, so whoever lists keys goes on as if they were not there. Each is named once in a process, and of
 * more than {@value #MAX_NAMED} no more are named. For any thread.
 */
public final class ForeignKeys {
    /** Keys named at most. */
    static final int MAX_NAMED = 100;

    private static final System.Logger LOG = System.getLogger(ForeignKeys.class.getName());
    private static final Set<String> NAMED = ConcurrentHashMap.newKeySet();

    private ForeignKeys() {}

    /** What of a listing is laid out as it should be, in the same order. */
    public static List<StoredObject> without(final List<StoredObject> listed) {
        final List<StoredObject> own = new ArrayList<>(listed.size());
        for (final StoredObject object : listed) {
            if (Keys.isOwn(object.key())) {
                own.add(object);
            } else {
                name(object.key());
            }
        }
        return own;
    }

    private static void name(final String key) {
        if (NAMED.size() >= MAX_NAMED || !NAMED.add(key)) {
            return;
        }
        LOG.log(
                Level.WARNING,
                "''{0}'' in the store is not Varve''s, and is left alone{1}",
                key.replaceAll("\\p{Cntrl}", "?"),
                NAMED.size() == MAX_NAMED ? "; no more such keys are named" : "");
    }
}
