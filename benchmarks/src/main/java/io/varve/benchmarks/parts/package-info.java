/** Parts of the data path by themselves, measured with JMH: {@code dev/bench parts}. */
package io.varve.benchmarks.parts;
