# Varve's command and daemon, built by Maven without the tests. `mvn-hash` has the hash of everything that Maven fetches;
# docs/nix.md tells how to get it.
{
  lib,
  maven,
  jdk25_headless,
  makeWrapper,
  coreutils,
  findutils,
  lz4,
  zstd,
}:
maven.buildMavenPackage {
  pname = "varve";
  version = "0.1.0-SNAPSHOT";

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../pom.xml
      ../linux
      ../block
      ../control
      ../nbd
      ../host-disks
      ../virtqueue
      ../vhost-user
      ../lsvd-engine
      ../s3-store
      ../keys
      ../test-support
      ../launcher
      ../packaging
      # Maven wants every module of the build to be there, also those that it is told to leave out.
      ../test-vms/pom.xml
      ../benchmarks/pom.xml
    ];
  };

  mvnHash = lib.fileContents ./mvn-hash;
  mvnJdk = jdk25_headless;
  mvnParameters = "-pl launcher -am -Dmaven.test.skip=true -Dspotless.check.skip=true";
  doCheck = false;

  nativeBuildInputs = [ makeWrapper ];

  installPhase = ''
    runHook preInstall
    mkdir -p $out/share $out/bin $out/lib/systemd/system
    cp -r launcher/target/varve $out/share/varve
    for program in varve vhost-user-blk-varve; do
      makeWrapper $out/share/varve/bin/$program $out/bin/$program \
        --set-default JAVA_HOME ${jdk25_headless.home} \
        --prefix PATH : ${
          lib.makeBinPath [
            coreutils
            findutils
          ]
        } \
        --prefix LD_LIBRARY_PATH : ${
          lib.makeLibraryPath [
            lz4
            zstd
          ]
        }
    done
    for unit in packaging/systemd/*; do
      substitute $unit $out/lib/systemd/system/$(basename $unit) --replace-quiet /opt/varve $out
    done
    mkdir -p $out/share/qemu/vhost-user
    substitute packaging/qemu/50-varve-blk.json $out/share/qemu/vhost-user/50-varve-blk.json --replace-fail /opt/varve $out
    runHook postInstall
  '';

  meta = {
    description = "Virtual disks for QEMU that are kept in object storage and written at the speed of a local disk";
    license = lib.licenses.asl20;
    mainProgram = "varve";
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
  };
}
