package io.varve.launcher.fuzz;

import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.config.Environment;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.config.StoreUrl;
import io.varve.launcher.config.TimeSpan;
import io.varve.launcher.volume.SnapshotName;
import io.varve.launcher.volume.VolumeSettingText;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Texts as users write them: a byte that says what it is to be, and the text. What is read is written, and reads the same. */
final class SettingTextTarget implements FuzzTarget {
    private static final Settings SETTINGS =
            Settings.load(null, new Environment(Map.of("HOME", "/tmp", "VARVE_CONFIG", "/dev/null")));
    private static final int KINDS = 6;

    @Override
    public String name() {
        return "setting-text";
    }

    @Override
    public List<byte[]> seeds() {
        final List<byte[]> seeds = new ArrayList<>();
        for (final String text : List.of(
                "0" + "512M",
                "1" + "90s",
                "2" + "s3://bucket/prefix/more",
                "2" + "file:///srv/a%20b",
                "3" + "volume@snapshot",
                "4" + "durability=store",
                "4" + "max-unsent-bytes=1G",
                "4" + "max-unsent-age=30s",
                "4" + "fence-timeout=5s")) {
            seeds.add(text.getBytes(StandardCharsets.UTF_8));
        }
        int index = 0;
        for (final String text : List.of("s3://b/p", "https://host:9000", "eu-west-1", "true", "/tmp", "64M", "1.5")) {
            seeds.add(("5" + (char) ('a' + index++) + text).getBytes(StandardCharsets.UTF_8));
        }
        return seeds;
    }

    @Override
    public void run(final byte[] input) {
        if (input.length < 2) {
            return;
        }
        final String text = new String(input, 1, input.length - 1, StandardCharsets.UTF_8);
        try {
            read(Math.floorMod(input[0] - '0', KINDS), text);
        } catch (final UserException e) {
            if (e.getMessage().isBlank()) {
                throw new AssertionError("nothing is said of what is wrong", e);
            }
        }
    }

    private static void read(final int kind, final String text) {
        switch (kind) {
            case 0 -> {
                final long size = ByteSize.parse(text);
                require(size >= 0);
                ByteSize.format(size);
            }
            case 1 -> {
                final long ms = TimeSpan.parse(text).toMillis();
                require(TimeSpan.parse(TimeSpan.formatMillis(ms)).toMillis() == ms || ms > 999_999_999L);
            }
            case 2 -> {
                final StoreUrl url = StoreUrl.parse(text);
                require(StoreUrl.parse(url.toString()).equals(url));
            }
            case 3 -> {
                final SnapshotName name = SnapshotName.parse(text);
                require(SnapshotName.parse(name.toString()).equals(name));
            }
            case 4 -> {
                final VolumeSettings settings = VolumeSettingText.change(
                        VolumeSettings.ofSize(1 << 30), VolumeSettingText.parse(List.of(text)));
                require(settings.maxUnsentBytes() >= 0 && settings.maxUnsentAgeMs() >= 0);
            }
            default -> {
                final Setting<?> setting = Setting.ALL.get(text.charAt(0) % Setting.ALL.size());
                SETTINGS.get(setting, text.substring(1));
            }
        }
    }

    private static void require(final boolean isSo) {
        if (!isSo) {
            throw new AssertionError("a text was read in one way and written in another");
        }
    }
}
