package io.varve.launcher.cli;

import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.Help.ColorScheme;
import picocli.CommandLine.Help.IOptionRenderer;
import picocli.CommandLine.Help.IParameterRenderer;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * Help whose lines are broken between words only. The rules of the JDK would break a path behind each '/' and a name behind each
 * '-': these stand for something else while lines are broken.
 */
final class HelpText {
    private static final char SLASH = '\ue000';
    private static final char HYPHEN = '\ue001';

    private HelpText() {}

    /** Has all commands of a tree print their help so. */
    static void apply(final CommandLine command) {
        command.setHelpFactory(HelpOf::new);
        final UsageMessageSpec usage = command.getCommandSpec().usageMessage();
        usage.description(Arrays.stream(usage.description()).map(HelpText::mask).toArray(String[]::new));
        command.getHelpSectionMap().replaceAll((key, section) -> unmasked(section));
        command.getSubcommands().values().forEach(HelpText::apply);
    }

    private static IHelpSectionRenderer unmasked(final IHelpSectionRenderer section) {
        return help -> section.render(help).replace(SLASH, '/').replace(HYPHEN, '-');
    }

    private static String mask(final String text) {
        return text.replace('/', SLASH).replace('-', HYPHEN);
    }

    /** Help of one command. */
    private static final class HelpOf extends Help {
        HelpOf(final CommandSpec command, final ColorScheme colors) {
            super(command, colors);
        }

        @Override
        public IOptionRenderer createDefaultOptionRenderer() {
            final IOptionRenderer plain = super.createDefaultOptionRenderer();
            return (option, labels, colors) -> masked(plain.render(option, labels, colors), colors);
        }

        @Override
        public IParameterRenderer createDefaultParameterRenderer() {
            final IParameterRenderer plain = super.createDefaultParameterRenderer();
            return (parameter, labels, colors) -> masked(plain.render(parameter, labels, colors), colors);
        }

        /** The last column is the description. */
        private static Text[][] masked(final Text[][] rows, final ColorScheme colors) {
            for (final Text[] row : rows) {
                final int last = row.length - 1;
                row[last] = colors.ansi().new Text(mask(row[last].plainString()), colors);
            }
            return rows;
        }
    }
}
