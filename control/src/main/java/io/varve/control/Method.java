package io.varve.control;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Name and documentation of a {@link Call}. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Method {
    /** Its name, such as {@code volume.resize}: the record is called {@code VolumeResizeCall} then. */
    String name();

    /** What it does, as a paragraph of Markdown. */
    String doc();
}
