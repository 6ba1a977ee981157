/** What a volume takes of its store: write amplification, space and the cost of garbage collection, of an engine in this process. */
package io.varve.benchmarks.space;
