script("mmer(): independent effects", {
  m <- lmmfit(yield ~ env, random = ~ line + env:line, rcov = ~units, data = trial)
}, same = lmmfit(yield ~ env + (1 | line) + (1 | env:line), trial))

script("mmer(): a relationship by vsr()", {
  A <- as.matrix(Amatrix(pedigree(flock)))
  m <- lmmfit(birth ~ sex + year, random = ~ vsr(animal, Gu = A), rcov = ~units, data = lambs)
}, same = lmmfit(birth ~ sex + year + (1 | gr(animal, cov = A)), lambs))

script("mmer(): variances by environment", {
  m <- lmmfit(yield ~ env, random = ~ vsr(dsr(env), line), rcov = ~ vsr(dsr(env), units),
    data = trial)
}, same = lmmfit(yield ~ env + diag(env | line), trial, residual = ~ diag(env)))

script("mmes(): unstructured", {
  m <- lmmfit(yield ~ env, random = ~ vsm(usm(env), ism(line)), rcov = ~units, data = trial)
}, same = lmmfit(yield ~ env + us(env | line), trial))

script("mmer(): a spline surface", {
  m <- lmmfit(yield ~ env, random = ~ line + spl2Da(row, col), rcov = ~units, data = trial)
}, refused = "spl2")
