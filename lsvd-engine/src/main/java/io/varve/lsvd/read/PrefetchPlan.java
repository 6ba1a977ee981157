package io.varve.lsvd.read;

import io.varve.lsvd.history.Epochs;

/**
 * Lines that are to be put into the read cache before anybody asks for them, the most wanted first.
 *
 * @param epochs of all objects that lines belong to.
 * @param lines  their numbers.
 * @param hot    how many of them, from the first on, are hot where the volume comes from: they count as read before. The rest
 *               was written lately.
 */
public record PrefetchPlan(Epochs epochs, long[] lines, int hot) {}
