package io.varve.benchmarks;

import java.nio.file.Path;
import java.util.Map;

/**
 * Where a daemon keeps its objects.
 *
 * @param url         of the store.
 * @param environment what the daemon needs in order to reach it.
 */
record StoreAddress(String url, Map<String, String> environment) {
    /** In a directory. */
    static StoreAddress in(final Path directory) {
        return new StoreAddress("file://" + directory.resolve("store"), Map.of());
    }

    /** A store beside the others under it. */
    StoreAddress under(final String name) {
        return new StoreAddress(url + "/" + name, environment);
    }
}
