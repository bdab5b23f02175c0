# A Slurm cluster of this machine alone, started here: munge for its identities, a controller, and a
# daemon that runs the jobs. Jobs write below the working directory.

slurm_conf <- c(
  "ClusterName=one", "SlurmctldHost=%host%(127.0.0.1)", "SlurmctldPort=%controller%",
  "SlurmdPort=%daemon%", "AuthType=auth/munge", "AuthInfo=socket=%place%/munge/socket",
  "CredType=cred/munge", "SlurmUser=root", "SlurmdUser=root", "StateSaveLocation=%place%/state",
  "SlurmdSpoolDir=%place%/spool", "SlurmctldPidFile=%place%/slurmctld.pid",
  "SlurmdPidFile=%place%/slurmd.pid", "SlurmctldLogFile=%place%/slurmctld.log",
  "SlurmdLogFile=%place%/slurmd.log", "ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none",
  "SelectType=select/cons_tres", "SelectTypeParameters=CR_CPU", "MpiDefault=none",
  "SwitchType=switch/none", "JobAcctGatherType=jobacct_gather/none",
  "NodeName=%host% NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN",
  "PartitionName=all Nodes=ALL Default=YES State=UP"
)

fill_in <- function(lines, values) {
  for (name in names(values)) lines <- gsub(paste0("%", name, "%"), values[[name]], lines)
  lines
}

# What runs until the test ends, or a skip that says what is missing.
local_slurm <- function(env = parent.frame()) {
  skip_if_not_installed("future.batchtools")
  programs <- Sys.which(c("munged", "slurmctld", "slurmd", "sbatch", "sinfo", "scancel"))
  absent <- names(programs)[!nzchar(programs)]
  if (length(absent) > 0L) skip(paste("not installed:", toString(absent)))
  if (Sys.info()[["effective_user"]] != "root") skip("only root starts the daemon of Slurm")
  place <- slurm_place()
  old <- setwd(file.path(place, "work"))
  # batchtools asks for the jobs of $USER, which a shell without a login does not have.
  environment <- in_environment(SLURM_CONF = file.path(place, "slurm.conf"), USER = "root")
  defer_in(env, {
    quiet_run(programs[["scancel"]], "--user=root")
    stop_daemons(file.path(place, c("slurmd.pid", "slurmctld.pid", "munge/pid")))
    setwd(old)
    environment$restore()
    unlink(place, recursive = TRUE)
  })
  flags <- paste0(c("--key-file=", "--socket=", "--pid-file=", "--log-file=", "--seed-file="),
    file.path(place, "munge", c("key", "socket", "pid", "log", "seed")))
  started <- quiet_run(programs[["munged"]], c("--force", flags)) &&
    quiet_run(programs[["slurmctld"]]) && quiet_run(programs[["slurmd"]])
  if (!started || !node_is_idle(programs[["sinfo"]])) skip("Slurm could not be started")
}

# The folders, the key of munge and the configuration. munge wants folders that others may enter and
# not write to.
slurm_place <- function() {
  place <- tempfile("slurm", "/tmp")
  for (folder in file.path(place, c("munge", "state", "spool", "work"))) {
    dir.create(folder, recursive = TRUE)
  }
  Sys.chmod(file.path(place, c("", "munge")), "0711")
  key <- file.path(place, "munge", "key")
  writeBin(as.raw(sample.int(256L, 1024L, TRUE) - 1L), key)
  Sys.chmod(key, "0400")
  ports <- sample(20000:40000, 2L)
  host <- sub("[.].*", "", Sys.info()[["nodename"]])
  conf <- fill_in(slurm_conf, list(place = place, host = host, controller = ports[1L],
    daemon = ports[2L]))
  writeLines(conf, file.path(place, "slurm.conf"))
  place
}

in_environment <- function(...) {
  new <- c(...)
  old <- Sys.getenv(names(new), NA, names = TRUE)
  do.call(Sys.setenv, as.list(new))
  list(restore = function() {
    for (name in names(old)) {
      if (is.na(old[[name]])) Sys.unsetenv(name) else do.call(Sys.setenv, as.list(old[name]))
    }
  })
}

quiet_run <- function(command, arguments = character()) {
  system2(command, arguments, stdout = FALSE, stderr = FALSE) == 0L
}

# At most half a minute is waited for it.
node_is_idle <- function(sinfo) {
  for (k in 1:60) {
    state <- suppressWarnings(system2(sinfo, c("--noheader", "--format=%t"), stdout = TRUE,
      stderr = FALSE))
    if (identical(as.character(state), "idle")) return(TRUE)
    Sys.sleep(0.5)
  }
  FALSE
}

stop_daemons <- function(files) {
  ids <- unlist(lapply(files[file.exists(files)], readLines, n = 1L, warn = FALSE))
  tools::pskill(as.integer(ids))
  # Files of theirs are written until they have gone.
  for (k in 1:20) if (any(dir.exists(file.path("/proc", ids)))) Sys.sleep(0.25)
}
