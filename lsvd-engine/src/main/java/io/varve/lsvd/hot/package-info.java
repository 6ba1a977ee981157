/**
 * What is hot goes along when a volume moves: the host that it leaves tells the store which lines its read cache holds and how
 * far back its log reaches ({@link io.varve.lsvd.hot.HotSetPublisher}), and the host that follows the volume puts those lines,
 * as far as they are still needed, into its own cache ({@link io.varve.lsvd.hot.HotSetFollower}). Nothing depends on it but speed.
 */
package io.varve.lsvd.hot;
