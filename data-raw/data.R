# The data sets of the package, simulated with fixed seeds: Rscript data-raw/data.R

# A random number generator that all versions of R share.
seed <- function(n) {
  set.seed(n, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
}

simulate_growth <- function() {
  seed(1)
  data <- expand.grid(age = c(2, 4, 6, 9, 12), id = sprintf("C%02d", 1:40))
  child <- as.integer(data$id)
  sex <- rep(c("girl", "boy"), 20)[child]
  slope <- ifelse(sex == "boy", 6.4, 6) + 0.35 * stats::rnorm(40)[child]
  start <- 74 + 2.5 * stats::rnorm(40)[child]
  height <- start + slope * data$age - 0.06 * data$age^2 + 0.9 * stats::rnorm(nrow(data))
  kept <- stats::runif(nrow(data)) > 0.08 * (data$age > 4)
  growth <- data.frame(id = data$id, sex = factor(sex, c("girl", "boy")),
    visit = factor(match(data$age, c(2, 4, 6, 9, 12))), age = data$age,
    height = round(height, 1))[kept, ]
  rownames(growth) <- NULL
  growth
}

# Correlations by rows and columns of a field: autoregressive.
field_trend <- function(rows, columns, rho = 0.6) {
  root <- function(n) t(chol(rho^abs(outer(seq_len(n), seq_len(n), "-"))))
  as.vector(root(rows) %*% matrix(stats::rnorm(rows * columns), rows) %*% t(root(columns)))
}

simulate_trial <- function() {
  seed(2)
  lines <- sprintf("L%02d", 1:24)
  stability <- c(E1 = 1, E2 = 1.3, E3 = 0.7)
  main <- stats::rnorm(24)
  one <- function(env) {
    field <- expand.grid(row = 1:8, col = 1:6)
    rep <- (field$col > 3) + 1L
    line <- c(sample(24), sample(24))
    own <- 0.4 * stats::rnorm(24)
    yield <- c(E1 = 7, E2 = 9, E3 = 6)[[env]] + stability[[env]] * main[line] * 0.7 + own[line] +
      0.5 * field_trend(8, 6) + 0.3 * stats::rnorm(48)
    data.frame(env = env, rep = factor(rep), row = field$row, col = field$col,
      line = factor(lines[line], lines), yield = round(yield, 2))
  }
  trial <- do.call(rbind, lapply(names(stability), one))
  trial$env <- factor(trial$env)
  trial$yield[c(17, 90)] <- NA
  trial[c("env", "rep", "row", "col", "line", "yield")]
}

# Twelve sires and forty dams, then two crops of lambs; ewes of the first have lambs of the second.
simulate_flock <- function() {
  seed(3)
  rams <- sprintf("R%02d", 1:12)
  ewes <- sprintf("E%02d", 1:40)
  first <- data.frame(id = sprintf("A%03d", 1:90), sire = sample(rams[1:7], 90, TRUE),
    dam = sample(ewes, 90, TRUE))
  mothers <- c(ewes[1:20], first$id[1:30])
  second <- data.frame(id = sprintf("B%03d", 1:110), sire = sample(rams[6:12], 110, TRUE),
    dam = sample(mothers, 110, TRUE))
  founders <- data.frame(id = c(rams, ewes), sire = NA_character_, dam = NA_character_)
  flock <- rbind(founders, first, second)
  flock$born <- c(E = 2018L, R = 2019L, A = 2021L, B = 2022L)[substr(flock$id, 1L, 1L)]
  rownames(flock) <- NULL
  flock
}

# A marker of an animal has one of the two alleles of each parent.
drop_genes <- function(flock, n_markers) {
  sire <- match(flock$sire, flock$id)
  dam <- match(flock$dam, flock$id)
  frequency <- stats::runif(n_markers, 0.15, 0.85)
  alleles <- array(0L, c(nrow(flock), n_markers, 2L))
  for (i in seq_len(nrow(flock))) {
    for (side in 1:2) {
      parent <- if (side == 1L) sire[i] else dam[i]
      alleles[i, , side] <- if (is.na(parent)) stats::rbinom(n_markers, 1L, frequency) else
        alleles[cbind(parent, seq_len(n_markers), sample(2L, n_markers, TRUE))]
    }
  }
  markers <- alleles[, , 1L] + alleles[, , 2L]
  dimnames(markers) <- list(flock$id, sprintf("M%03d", seq_len(n_markers)))
  markers
}

simulate_lambs <- function(flock, markers) {
  seed(4)
  standard <- scale(markers)
  direct <- drop(standard %*% stats::rnorm(ncol(markers))) / sqrt(ncol(markers))
  growth <- 0.5 * direct +
    sqrt(0.75) * drop(standard %*% stats::rnorm(ncol(markers))) / sqrt(ncol(markers))
  maternal <- drop(standard %*% stats::rnorm(ncol(markers))) / sqrt(ncol(markers))
  born <- which(!is.na(flock$sire))
  dam <- match(flock$dam[born], flock$id)
  sex <- factor(sample(c("ewe", "ram"), length(born), TRUE))
  year <- factor(ifelse(grepl("^A", flock$id[born]), 2021, 2022))
  shared <- stats::rnorm(nrow(flock))[dam]
  noise <- matrix(stats::rnorm(2L * length(born)), ncol = 2L)
  birth <- 4.2 + 0.25 * (sex == "ram") + 0.1 * (year == "2022") + 0.35 * direct[born] +
    0.3 * maternal[dam] + 0.2 * shared + 0.4 * noise[, 1L]
  weaning <- 28 + 2 * (sex == "ram") - (year == "2022") + 2 * growth[born] + 0.8 * shared +
    2.4 * (0.4 * noise[, 1L] + 0.9 * noise[, 2L])
  lambs <- data.frame(animal = flock$id[born], dam = flock$dam[born], sex = sex, year = year,
    birth = round(birth, 2), weaning = round(weaning, 1))
  lambs$weaning[sample(length(born), 25L)] <- NA
  lambs
}

growth <- simulate_growth()
trial <- simulate_trial()
flock <- simulate_flock()
all_markers <- drop_genes(flock, 240L)
lambs <- simulate_lambs(flock, all_markers)
lamb_markers <- all_markers[grepl("^B", flock$id), ]

for (name in c("growth", "trial", "flock", "lambs", "lamb_markers")) {
  save(list = name, file = file.path("data", paste0(name, ".rda")), compress = "xz", version = 2)
}
