# What nix/check evaluates: the flake with everything that it offers, and some machines, right and wrong ones.
let
  lib = import ./lib.nix;
  pkgs = import ./pkgs.nix;

  flake = (import ../flake.nix).outputs {
    self = flake;
    nixpkgs.legacyPackages = {
      x86_64-linux = pkgs;
      aarch64-linux = pkgs;
    };
  };

  machine =
    services:
    lib.evaluate {
      inherit pkgs;
      module = flake.nixosModules.default;
      settings.services.varve = {
        enable = true;
      }
      // services;
    };

  plain = machine { };
  s3 = machine {
    store = "s3://bucket/prefix";
    s3.endpoint = "https://s3.example.org";
    credentialsFile = "/run/secrets/varve";
    cache.directory = "/nvme/varve";
    operators = [ "alice" ];
    metrics = "127.0.0.1:9464";
    settings.gc-space = "1.5";
    volumes.data = {
      size = "100G";
      createOptions = [ "--durability=store" ];
    };
    volumes.web = {
      from = "golden@a'b";
      readOnly = true;
    };
    volumes.there = { };
  };

  isRefused = services: !(builtins.tryEval (builtins.deepSeq (machine services) true)).success;

  toml = config: config.environment.etc."varve/varve.toml".source.value;

  expectations = {
    "a machine without settings has a daemon and no volumes" =
      builtins.attrNames plain.systemd.services == [ "varve-daemon" ];
    "the store is the one of the packaged unit" = (toml plain).store == "file:///var/lib/varve/store";
    "directories of the unit's own are not made twice" = plain.systemd.tmpfiles.rules == [ ];
    "a disabled module changes nothing" =
      (machine { enable = false; }).systemd == { };
    "every volume has a unit" =
      builtins.attrNames s3.systemd.services == [
        "varve-daemon"
        "varve-volume-data"
        "varve-volume-there"
        "varve-volume-web"
      ];
    "settings come last" = (toml s3).gc-space == "1.5" && (toml s3).s3-endpoint == "https://s3.example.org";
    "credentials are named, not read" =
      s3.systemd.services.varve-daemon.serviceConfig.EnvironmentFile == "/run/secrets/varve";
    "another cache directory is made and may be written to" =
      s3.systemd.tmpfiles.rules == [ "d /nvme/varve 0700 varve varve -" ]
      && s3.systemd.services.varve-daemon.serviceConfig.ReadWritePaths == [ "/nvme/varve" ];
    "a volume without size and snapshot is not created" =
      !(lib.hasInfix "create" s3.systemd.services.varve-volume-there.script);
    "operators are members of the group" = s3.users.groups.varve.members == [ "alice" ];
    "a wrong type is refused" = isRefused { store = 7; };
    "another kind of store is refused" = isRefused { store = "http://host/"; };
    "an unknown option is refused" = isRefused { stores = "file:///a"; };
    "an unknown option of a volume is refused" = isRefused { volumes.data.sizes = "1G"; };
    "a size that is none is refused" = isRefused { volumes.data.size = "a lot"; };
    "options of a volume that is not created are refused" = isRefused {
      volumes.data.createOptions = [ "--durability=store" ];
    };
    "a package that is none is refused" = isRefused { package = "varve"; };
  };
in
{
  failures = builtins.filter (name: !expectations.${name}) (builtins.attrNames expectations);
  packages = builtins.mapAttrs (_: set: set.default.checked) flake.packages;
  checks = flake.checks.x86_64-linux;
  tests = lib.concatStringsSep "\n" (builtins.attrNames flake.checks.x86_64-linux);
  # Everything that a shell is to run.
  shell = lib.concatStringsSep "\n" (
    lib.mapAttrsToList (_: unit: "(\n${unit.script or ""}\n)\n(\n${unit.preStop or "true"}\n)") (
      builtins.removeAttrs s3.systemd.services [ "varve-daemon" ]
    )
    ++ [ flake.packages.x86_64-linux.default.installPhase ]
  );
  inherit plain s3;
}
