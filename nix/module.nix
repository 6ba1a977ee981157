# services.varve: a daemon that serves volumes to QEMU. Its unit is the one of packaging/systemd, hardening included.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;

  cfg = config.services.varve;
  toml = pkgs.formats.toml { };
  control = "/run/varve/control.sock";

  storeDirectory =
    if lib.hasPrefix "file://" cfg.store then lib.removePrefix "file://" cfg.store else null;
  # Those that the unit does not make itself.
  directories =
    lib.optional (cfg.cache.directory != "/var/cache/varve") cfg.cache.directory
    ++ lib.optional (storeDirectory != null && storeDirectory != "/var/lib/varve/store") storeDirectory;

  volumeOptions =
    { name, ... }:
    {
      options = {
        size = mkOption {
          type = types.nullOr (types.strMatching "[0-9]+[KMGT]?");
          default = null;
          example = "100G";
          description = ''
            Size that the volume is created with when the store does not have it yet. Later changes are made by
            `varve volume resize`. Null: it has to exist.
          '';
        };
        from = mkOption {
          type = types.nullOr (types.strMatching "[^@]+@[^@]+");
          default = null;
          example = "golden@2026-01";
          description = "Snapshot that the volume is created from, as a clone, when the store does not have it yet.";
        };
        createOptions = mkOption {
          type = types.listOf types.str;
          default = [ ];
          example = [ "--durability=store" ];
          description = "Further options for `varve volume create`.";
        };
        socketPath = mkOption {
          type = types.str;
          default = "/run/varve/${name}.vhost.sock";
          description = "Where QEMU connects.";
        };
        readOnly = mkOption {
          type = types.bool;
          default = false;
          description = "Whether writes are refused.";
        };
      };
    };

  varve = "${cfg.package}/bin/varve";

  isCreated = volume: volume.size != null || volume.from != null;

  createCommand =
    name: volume:
    lib.escapeShellArgs (
      [
        varve
        "volume"
        "create"
        name
        "--control"
        control
      ]
      ++ lib.optionals (volume.size != null) [
        "--size"
        volume.size
      ]
      ++ lib.optionals (volume.from != null) [
        "--from"
        volume.from
      ]
      ++ volume.createOptions
    );

  attachCommand =
    name: volume:
    lib.escapeShellArgs (
      [
        varve
        "attach"
        name
        "--control"
        control
        "--socket-path"
        volume.socketPath
      ]
      ++ lib.optional volume.readOnly "--read-only"
    );

  volumeUnit =
    name: volume:
    lib.nameValuePair "varve-volume-${name}" {
      description = "Varve: volume ${name} is served";
      after = [ "varve-daemon.service" ];
      # Not "requires": a daemon that is restarted attaches by itself what was attached, under guests that wait for it.
      wants = [ "varve-daemon.service" ];
      wantedBy = [ "multi-user.target" ];
      script =
        lib.optionalString (isCreated volume) ''
          ${
            lib.escapeShellArgs [
              varve
              "volume"
              "info"
              name
              "--control"
              control
            ]
          } >/dev/null 2>&1 || ${createCommand name volume}
        ''
        + ''
          exec ${attachCommand name volume}
        '';
      preStop = lib.escapeShellArgs [
        varve
        "detach"
        name
        "--control"
        control
      ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        User = "varve";
        Group = "varve";
        # The store may be away; attaching waits for it, creating does not.
        Restart = "on-failure";
        RestartSec = "5s";
        TimeoutStartSec = "infinity";
        # More than the time that the end of a volume waits for the store.
        TimeoutStopSec = "60s";
      };
    };
in
{
  options.services.varve = {
    enable = lib.mkEnableOption "the Varve daemon, which serves virtual disks on object storage to QEMU";

    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "pkgs.callPackage ./package.nix { }";
      description = "Varve itself.";
    };

    store = mkOption {
      type = types.strMatching "(file:///|s3://).+";
      default = "file:///var/lib/varve/store";
      example = "s3://bucket/prefix";
      description = "Where the volumes' objects are.";
    };

    s3 = {
      endpoint = mkOption {
        type = types.nullOr (types.strMatching "https?://.+");
        default = null;
        example = "https://s3.example.org";
        description = "Address of the S3 server; null for that of AWS.";
      };
      region = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Region that requests are signed for.";
      };
      pathStyle = mkOption {
        type = types.bool;
        default = false;
        description = "Whether the bucket is named in the path, as many servers other than AWS want it.";
      };
    };

    credentialsFile = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "/run/secrets/varve";
      description = ''
        File with `AWS_ACCESS_KEY_ID=…` and `AWS_SECRET_ACCESS_KEY=…`, one a line, read by systemd as root. A path and not its
        contents, so that no key gets into the Nix store.
      '';
    };

    cache = {
      directory = mkOption {
        type = types.strMatching "/.+";
        default = "/var/cache/varve";
        description = "Where the local logs and the read cache are; it belongs on a fast disk.";
      };
      size = mkOption {
        type = types.strMatching "[0-9]+[KMGT]?";
        default = "4G";
        description = "Size of each volume's log where there is none yet: the most that is acknowledged and not yet in the store.";
      };
      readSize = mkOption {
        type = types.strMatching "[0-9]+[KMGT]?";
        default = "4G";
        description = "Size of the read cache of all volumes; 0 for none.";
      };
    };

    metrics = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "127.0.0.1:9464";
      description = "Address at which figures are given in Prometheus' format.";
    };

    qemuGroup = mkOption {
      type = types.str;
      default = "kvm";
      description = "Group of the sockets that QEMU connects to: that of the users who run it.";
    };

    operators = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "alice" ];
      description = "Users who may use the control socket, and so do with volumes and files what the daemon may.";
    };

    settings = mkOption {
      type = toml.type;
      default = { };
      example = {
        gc-space = "1.5";
      };
      description = "Further settings, by the names that docs/configuration.md has.";
    };

    volumes = mkOption {
      type = types.attrsOf (types.submodule volumeOptions);
      default = { };
      example = {
        data.size = "100G";
      };
      description = "Volumes that are served from boot on. Others can be attached at any time by `varve attach`.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = storeDirectory == null || !(lib.hasInfix "%" storeDirectory);
        message = "services.varve.store: a directory with characters that a URL escapes is not supported here";
      }
    ]
    ++ lib.mapAttrsToList (name: volume: {
      assertion = volume.from != null || volume.size != null || volume.createOptions == [ ];
      message = "services.varve.volumes.${name}: createOptions need a size, or a snapshot to create it from";
    }) cfg.volumes;

    environment.systemPackages = [ cfg.package ];
    environment.etc."varve/varve.toml".source = toml.generate "varve.toml" (
      {
        inherit control;
        store = cfg.store;
        cache = cfg.cache.directory;
        cache-size = cfg.cache.size;
        read-cache-size = cfg.cache.readSize;
        control-mode = "660";
        control-group = "varve";
        socket-mode = "660";
        socket-group = cfg.qemuGroup;
        s3-path-style = cfg.s3.pathStyle;
      }
      // lib.optionalAttrs (cfg.s3.endpoint != null) { s3-endpoint = cfg.s3.endpoint; }
      // lib.optionalAttrs (cfg.s3.region != null) { s3-region = cfg.s3.region; }
      // cfg.settings
    );
    environment.etc."qemu/vhost-user/50-varve-blk.json".source =
      "${cfg.package}/share/qemu/vhost-user/50-varve-blk.json";

    users.users.varve = {
      isSystemUser = true;
      group = "varve";
      home = "/var/lib/varve";
      # To be allowed to give the sockets to it.
      extraGroups = [ cfg.qemuGroup ];
    };
    users.groups.varve.members = cfg.operators;

    systemd.packages = [ cfg.package ];
    systemd.tmpfiles.rules = map (directory: "d ${directory} 0700 varve varve -") directories;
    systemd.services = {
      varve-daemon = {
        wantedBy = [ "multi-user.target" ];
        restartTriggers = [ config.environment.etc."varve/varve.toml".source ];
        unitConfig.RequiresMountsFor = [ cfg.cache.directory ] ++ directories;
        # What the packaged unit says by variables would count more than the settings file.
        environment = {
          VARVE_CONTROL = control;
          VARVE_STORE = cfg.store;
          VARVE_CACHE = cfg.cache.directory;
        };
        serviceConfig = {
          ReadWritePaths = directories;
        }
        // lib.optionalAttrs (cfg.credentialsFile != null) { EnvironmentFile = cfg.credentialsFile; }
        // lib.optionalAttrs (cfg.metrics != null) {
          # The empty one takes the packaged unit's command away.
          ExecStart = [
            ""
            "${varve} daemon --metrics ${cfg.metrics}"
          ];
        };
      };
    }
    // lib.mapAttrs' volumeUnit cfg.volumes;
  };
}
