script("split plot", {
  oats <- transform(nlme::Oats, nitro = factor(nitro))
  m <- lmmfit(fixed = yield ~ Variety * nitro, random = ~ Block / Variety, data = oats)
  summary(m)$varcomp
  predict(m, classify = "Variety:nitro", sed = TRUE)
}, same = lmmfit(yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety), oats))

script("split plot, the strata written out", {
  oats <- transform(nlme::Oats, nitro = factor(nitro))
  m <- lmmfit(fixed = yield ~ Variety * nitro, random = ~ Block + Block:Variety,
    residual = ~ idv(units), data = oats)
  vpredict(m, ratio ~ V1 / V3)
}, same = lmmfit(yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety), oats))

script("complete blocks with missing yields kept", {
  one <- droplevels(subset(trial, env == "E1"))
  m <- lmmfit(fixed = yield ~ line, random = ~rep, data = one,
    na.action = na.method(x = "include", y = "include"))
}, same = lmmfit(yield ~ line + (1 | rep), one))

script("a field, rows and columns", {
  one <- droplevels(subset(trial, env == "E1"))
  m <- lmmfit(fixed = yield ~ 1, random = ~line, residual = ~ ar1v(col):ar1(row), data = one)
  plot(m)
}, same = lmmfit(yield ~ (1 | line), one, residual = ~ ar1(col):ar1(row)))

script("a field with a nugget", {
  one <- droplevels(subset(trial, env == "E1"))
  m <- lmmfit(fixed = yield ~ 1, random = ~ line + units, residual = ~ ar1v(col):ar1(row),
    data = one)
}, same = lmmfit(yield ~ (1 | line) + (1 | plot), transform(one, plot = factor(seq_along(yield))),
  residual = ~ ar1(col):ar1(row)))

script("environments, a variance for each", {
  m <- lmmfit(fixed = yield ~ env, random = ~ diag(env):line + at(env):rep,
    residual = ~ dsum(~ units | env), data = trial)
}, same = lmmfit(yield ~ env + diag(env | line) + diag(env | rep), trial, residual = ~ diag(env)))

script("environments and fields", {
  cor <- lmmfit(fixed = yield ~ env, random = ~ corgh(env):line, data = trial)
  m <- lmmfit(fixed = yield ~ env, random = ~ us(env):line,
    residual = ~ dsum(~ ar1(col):ar1(row) | env), data = trial)
}, same = lmmfit(yield ~ env + us(env | line), trial, residual = list(env = ~ ar1(col):ar1(row))))

script("factor analysis of environments", {
  m <- lmmfit(fixed = yield ~ env, random = ~ fa(env, 1):id(line),
    residual = ~ dsum(~ id(units) | env), data = trial)
}, same = lmmfit(yield ~ env + fa(env | line, 1), trial, residual = ~ diag(env)))

script("animal model with an inverse", {
  ainv <- Ainverse(pedigree(flock))
  m <- lmmfit(fixed = birth ~ sex + year, random = ~ vm(animal, ainv) + ide(dam), data = lambs)
  vpredict(m, h2 ~ V1 / (V1 + V2 + V3))
}, same = lmmfit(birth ~ sex + year + (1 | gr(animal, pedigree = pedigree(flock))) + (1 | dam),
  lambs))

script("two traits", {
  ped <- pedigree(flock)
  m <- lmmfit(fixed = cbind(birth, weaning) ~ trait + trait:sex,
    random = ~ us(trait):vm(animal, ped), residual = ~ id(units):us(trait), data = lambs)
}, same = lmmfit(cbind(birth, weaning) ~ sex + (1 | gr(animal, pedigree = ped)), lambs))

script("direct and maternal effects by str()", {
  ainv <- Ainverse(pedigree(flock))
  m <- lmmfit(fixed = birth ~ sex + year, random = ~ str(~ vm(animal, ainv) + vm(dam, ainv),
    ~ us(2):vm(animal, ainv)), data = lambs)
}, same = lmmfit(birth ~ sex + year + (1 | gr(direct = animal, maternal = dam, precision = ainv)),
  lambs))

script("genomic relationships", {
  G <- grm(lamb_markers)
  genotyped <- subset(lambs, animal %in% rownames(G))
  m <- lmmfit(fixed = birth ~ sex, random = ~ vm(animal, G), data = genotyped)
  predict(m, classify = "animal")
}, same = lmmfit(birth ~ sex + (1 | gr(animal, cov = G)), genotyped))

script("random lines by str()", {
  m <- lmmfit(fixed = height ~ sex * age, random = ~ str(~ id + id:age, ~ us(2):id(40)),
    data = growth)
}, same = lmmfit(height ~ sex * age + (1 + age | id), growth))

script("random regression on polynomials", {
  m <- lmmfit(fixed = height ~ sex * pol(age, 2), random = ~ us(pol(age, 1)):id(id),
    data = growth)
  wald(m, denDF = "default")
}, same = lmmfit(height ~ sex * poly(age, 2) + (1 + age | id), growth))

script("a cubic spline", {
  m <- lmmfit(fixed = height ~ sex + lin(age), random = ~ spl(age) + dev(age) + id, data = growth)
}, same = lmmfit(height ~ sex + age + spl(age) + (1 | age) + (1 | id), growth))

script("the same without lin()", {
  m <- lmmfit(fixed = height ~ sex + age, random = ~ spl(age) + dev(age) + id, data = growth)
}, same = lmmfit(height ~ sex + age + spl(age) + (1 | age) + (1 | id), growth))

script("columns of markers by grp()", {
  genotyped <- cbind(subset(lambs, year == "2022"), lamb_markers)
  m <- lmmfit(fixed = birth ~ sex, random = ~ grp(M), group = list(M = 7:246), data = genotyped)
}, same = {
  genotyped$M <- as.matrix(genotyped[7:246])
  lmmfit(birth ~ sex + (1 | mm(M)), genotyped)
})

script("known sampling variances", {
  means <- data.frame(env = gl(3, 8), line = gl(8, 1, 24), y = trial$yield[1:24],
    w = rep(c(4, 8, 5), each = 8))
  means$y[17] <- 7
  m <- lmmfit(fixed = y ~ env, random = ~line, weights = w, data = means,
    family = asr_gaussian(dispersion = 1))
}, same = lmmfit(y ~ env + (1 | line), means, weights = w, hold = c(residual = 1)))

script("known variances by G.param", {
  sv <- lmmfit(fixed = yield ~ env, random = ~line, start.values = TRUE, data = trial)
  known <- sv$vparameters.table
  known$Value <- c(0.8, 0.5)
  known$Constraint <- "F"
  m <- lmmfit(fixed = yield ~ env, random = ~line, G.param = known, R.param = known, data = trial)
}, same = lmmfit(yield ~ env + (1 | line), trial, hold = c(line = 0.8, residual = 0.5)))

script("settings of the maximiser", {
  m <- lmmfit(fixed = yield ~ env, random = ~ line + env:line, data = trial, maxit = 50,
    trace = FALSE, workspace = "1gb")
}, same = lmmfit(yield ~ env + (1 | line) + (1 | env:line), trial))
