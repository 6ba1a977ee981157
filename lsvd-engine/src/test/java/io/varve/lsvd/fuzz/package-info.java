/** What the engine reads from a store, a log, a cache or a file, to be fuzzed. */
package io.varve.lsvd.fuzz;
