# Trials in which a line is seen in few environments.

sparse_trial <- function(n_env, n_lines, seen, markers = 300L) {
  M <- matrix(stats::rbinom(n_lines * markers, 2L, 0.4), n_lines)
  rownames(M) <- paste0("h", seq_len(n_lines))
  data <- do.call(rbind, lapply(seq_len(n_env), function(e) {
    data.frame(env = e, line = rep(sample(rownames(M), seen), 2L))
  }))
  data$env <- factor(data$env)
  score <- as.vector(scale(M %*% stats::rnorm(markers)))
  loading <- stats::runif(n_env, 0.5, 1.2)
  at <- match(data$line, rownames(M))
  own <- matrix(stats::rnorm(n_lines * n_env, 0, 0.5), n_lines)
  data$y <- as.integer(data$env) / 2 + loading[data$env] * score[at] +
    own[cbind(at, as.integer(data$env))] + stats::rnorm(nrow(data))
  list(data = data, G = grm(M))
}
