/**
 * Settings: what they are called, what they mean, and where their values come from. The command line wins over
 * {@code VARVE_*} variables, these over the TOML file, and the file over the defaults. Every value is checked when it is
 * read, and a bad one is reported with the place where it stands.
 */
package io.varve.launcher.config;
