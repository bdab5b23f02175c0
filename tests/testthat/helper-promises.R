# What other packages test of their own users' view: files of promises in promises/, each run on our
# own data. `promise(what, holds)`: what the peer does is TRUE here too. `promise(what, holds,
# different = why, is = )`: it is another way here on purpose, and `is` is TRUE instead.

read_promises <- function(folder = testthat::test_path("promises")) {
  peers <- c("lme4", "lmerTest", "nlme", "mmrm")
  found <- lapply(peers, function(peer) {
    parsed <- as.list(parse(file.path(folder, paste0(peer, ".R")), keep.source = FALSE))
    lapply(parsed, function(x) {
      list(peer = peer, what = x[[2L]], holds = x[[3L]], different = x$different, is = x$is)
    })
  })
  do.call(c, found)
}

# The fits that the promises are about.
promise_scope <- function() {
  scope <- new.env(parent = environment(promise_scope))
  scope$lines <- list(
    intercept = lmmfit(height ~ age + (1 | id), growth),
    slope = lmmfit(height ~ age + (age | id), growth),
    sexes = lmmfit(height ~ sex * age + (1 | id), growth),
    visits = lmmfit(height ~ sex * visit, growth, residual = ~ us(visit | id))
  )
  tight <- lme4::lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9))
  scope$peers <- list(
    intercept = lme4::lmer(height ~ age + (1 | id), growth, control = tight),
    slope = lme4::lmer(height ~ age + (age | id), growth, control = tight)
  )
  scope$tests <- list(
    sexes = lmerTest::lmer(height ~ sex * age + (1 | id), growth, control = tight)
  )
  scope
}

near <- function(a, b, tolerance = 1e-7) {
  isTRUE(all.equal(as.numeric(unlist(a)), as.numeric(unlist(b)), tolerance = tolerance))
}

# Stops by an error of ours, or any, that says `pattern`.
fails <- function(expr, pattern) stops(expr, pattern, "henderson_error")

stops <- function(expr, pattern, class = "error") {
  found <- tryCatch(expr, error = identity)
  inherits(found, class) && grepl(pattern, cli::ansi_strip(conditionMessage(found)))
}

quietly <- function(expr) suppressMessages(suppressWarnings(expr))

f_of <- function(table) {
  table <- as.data.frame(table)
  found <- table[[intersect(c("F value", "F", "F.value", "statistic"), names(table))[1L]]]
  found[!is.na(found)]
}

# "same", "different", or "missing" with what came instead.
judge_promise <- function(promise, scope) {
  expression <- if (is.null(promise$different)) promise$holds else promise$is
  wrapped <- as.call(list(as.call(list(as.name("function"), NULL, expression))))
  found <- tryCatch(quietly(eval(wrapped, scope)), error = function(e) conditionMessage(e))
  if (isTRUE(found)) return(list(kind = if (is.null(promise$different)) "same" else "different"))
  list(kind = "missing", note = if (is.character(found)) found[1L] else "not so")
}
