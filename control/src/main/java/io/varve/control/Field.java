package io.varve.control;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A parameter, or a field of an answer. It is called as its component, with underscores: {@code sizeBytes} is {@code size_bytes}. Units
 * are in names: {@code _bytes}, {@code _ms}, {@code _us}; {@code _at} and {@code created} are times as ISO 8601 has them.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Field {
    /** What it is, as Markdown that fits into a table. */
    String value();

    /** Whether a parameter has to be there, and a text must not be empty. */
    boolean required() default false;

    /** Whether it names a volume that is there: then the volume's uuid does as well. */
    boolean namesVolume() default false;

    /** What a number counts as that is not given. */
    long byDefault() default 0;

    /** Least number. */
    long min() default 0;

    /** Greatest number. */
    long max() default Long.MAX_VALUE;

    /** Most characters of a text. */
    int maxLength() default Integer.MAX_VALUE;

    /** Whether the field of an answer is left out where there is none; else it is null then. */
    boolean omitted() default false;
}
