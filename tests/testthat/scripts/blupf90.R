script("animal model, known variances", {
  files <- blupf90_files()
  ped <- read_pedigree(files$ped)
  records <- read_records(files$data, c("sex", "year", "animal", "dam", "birth"))
  m <- lmmfit(birth ~ factor(sex) + factor(year) + (1 | gr(animal, pedigree = ped)), records,
    hold = c(animal = 0.15, residual = 0.2))
  ranef(m)
  reliability(m, "animal")
}, same = lmmfit(birth ~ sex + year + (1 | gr(animal, pedigree = pedigree(flock))), lambs,
  hold = c(animal = 0.15, residual = 0.2)))

script("AIREMLF90: an animal model", {
  files <- blupf90_files()
  ped <- read_pedigree(files$ped)
  records <- read_records(files$data, c("sex", "year", "animal", "dam", "birth"))
  m <- lmmfit(birth ~ factor(sex) + factor(year), random = ~animal, pedigree = ped, data = records)
}, refused = "gr\\(animal, pedigree = ped\\)")

script("unknown parents as 0", {
  zeros <- flock
  zeros[is.na(zeros)] <- "0"
  m <- lmmfit(birth ~ sex + (1 | gr(animal, pedigree = pedigree(zeros))), lambs)
}, same = lmmfit(birth ~ sex + (1 | gr(animal, pedigree = pedigree(flock))), lambs))

script("a pedigree that is a data frame", {
  m <- lmmfit(birth ~ sex + (1 | gr(animal, pedigree = flock)), lambs)
}, same = lmmfit(birth ~ sex + (1 | gr(animal, pedigree = pedigree(flock))), lambs))

script("a column of ones for the mean, covariates", {
  lambs$mu <- 1
  lambs$age <- seq_len(200) / 10
  m <- lmmfit(birth ~ mu + sex + age + (1 | gr(animal, pedigree = pedigree(flock))), lambs)
}, same = lmmfit(birth ~ sex + age + (1 | gr(animal, pedigree = pedigree(flock))), lambs))

script("direct, maternal, permanent environment", {
  ped <- pedigree(flock)
  m <- lmmfit(birth ~ sex + year + (1 | gr(direct = animal, maternal = dam, pedigree = ped)) +
    (1 | dam), lambs)
}, same = lmmfit(birth ~ sex + year, lambs,
  random = ~ (1 | gr(direct = animal, maternal = dam, pedigree = ped)) + (1 | dam)))

script("several traits, missing as 0", {
  ped <- pedigree(flock)
  lambs$weaning[is.na(lambs$weaning)] <- 0
  lambs$weaning[lambs$weaning == 0] <- NA
  m <- lmmfit(cbind(birth, weaning) ~ sex + year + (1 | gr(animal, pedigree = ped)), lambs)
}, same = lmmfit(cbind(birth, weaning) ~ sex + year, lambs, random = ~ us(trait):vm(animal, ped)))

script("one step", {
  ped <- pedigree(flock)
  Hinv <- Hinverse(ped, grm(lamb_markers), blend = 0.05)
  m <- lmmfit(birth ~ sex + year + (1 | gr(animal, precision = Hinv)), lambs)
}, same = lmmfit(birth ~ sex + year, lambs, random = ~ animal, ginverse = list(animal = Hinv)))

script("random regression", {
  m <- lmmfit(height ~ sex * age + (0 + legendre(age, 2) | id), growth)
  variance_by_age(m, data.frame(age = c(2, 6, 12), sex = "girl"))
}, same = lme4::lmer(height ~ sex * age + (0 + L | id),
  transform(growth, L = I(unclass(legendre(age, 2))))))

script("groups of unknown parents", {
  groups <- flock
  groups$sire[is.na(groups$sire)] <- "g1"
  groups$dam[is.na(groups$dam)] <- "g2"
  ped <- pedigree(groups, groups = c("g1", "g2"))
  m <- lmmfit(birth ~ sex + (1 | gr(animal, pedigree = ped)), lambs)
}, same = lmmfit(birth ~ sex, lambs, random = ~animal, pedigree = list(animal = ped)))
