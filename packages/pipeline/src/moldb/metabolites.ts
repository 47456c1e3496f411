/**
 * Common metabolites, vitamins, hormones and drugs with their neutral formulas: textbook knowledge, one `name formula` a line (data, hence long).
 * Ions that exist only charged (choline, carnitine bases …) are listed as they appear in HMDB-like databases.
 */
const TEXT = `
glycine C2H5NO2
alanine C3H7NO2
serine C3H7NO3
proline C5H9NO2
valine C5H11NO2
threonine C4H9NO3
cysteine C3H7NO2S
leucine C6H13NO2
asparagine C4H8N2O3
aspartate C4H7NO4
glutamine C5H10N2O3
lysine C6H14N2O2
glutamate C5H9NO4
methionine C5H11NO2S
histidine C6H9N3O2
phenylalanine C9H11NO2
arginine C6H14N4O2
tyrosine C9H11NO3
tryptophan C11H12N2O2
ornithine C5H12N2O2
citrulline C6H13N3O3
homoserine C4H9NO3
homocysteine C4H9NO2S
cystathionine C7H14N2O4S
cystine C6H12N2O4S2
taurine C2H7NO3S
hypotaurine C2H7NO2S
creatine C4H9N3O2
creatinine C4H7N3O
phosphocreatine C4H10N3O5P
carnosine C9H14N4O3
anserine C10H16N4O3
homocarnosine C10H16N4O3
ergothioneine C9H15N3O2S
hydroxyproline C5H9NO3
pyroglutamate C5H7NO3
pipecolate C6H11NO2
sarcosine C3H7NO2
betaine C5H11NO2
dimethylglycine C4H9NO2
N-acetylaspartate C6H9NO5
N-acetylaspartylglutamate C11H16N2O8
N-acetylglutamate C7H11NO5
N-acetylalanine C5H9NO3
N-acetylmethionine C7H13NO3S
N-acetylhistidine C8H11N3O3
argininosuccinate C10H18N4O6
saccharopine C11H20N2O6
kynurenine C10H12N2O3
hydroxykynurenine C10H12N2O4
kynurenate C10H7NO3
xanthurenate C10H7NO4
quinolinate C7H5NO4
anthranilate C7H7NO2
hydroxyanthranilate C7H7NO3
serotonin C10H12N2O
melatonin C13H16N2O2
N-acetylserotonin C12H14N2O2
5-hydroxyindoleacetate C10H9NO3
indoleacetate C10H9NO2
indole C8H7N
tryptamine C10H12N2
tyramine C8H11NO
octopamine C8H11NO2
dopamine C8H11NO2
DOPA C9H11NO4
3-methoxytyramine C9H13NO2
noradrenaline C8H11NO3
adrenaline C9H13NO3
normetanephrine C9H13NO3
metanephrine C10H15NO3
homovanillate C9H10O4
vanillylmandelate C9H10O5
DOPAC C8H8O4
histamine C5H9N3
methylhistamine C6H11N3
urocanate C6H6N2O2
imidazoleacetate C5H6N2O2
phenethylamine C8H11N
phenylpyruvate C9H8O3
phenyllactate C9H10O3
hydroxyphenylpyruvate C9H8O4
hydroxyphenyllactate C9H10O4
homogentisate C8H8O4
GABA C4H9NO2
acetylcholine C7H15NO2
choline C5H13NO
phosphocholine C5H14NO4P
glycerophosphocholine C8H20NO6P
phosphoethanolamine C2H8NO4P
glycerophosphoethanolamine C5H14NO6P
CDP-choline C14H26N4O11P2
CDP-ethanolamine C11H20N4O11P2
ethanolamine C2H7NO
carnitine C7H15NO3
glutathione C10H17N3O6S
glutathione disulfide C20H32N6O12S2
cysteinylglycine C5H10N2O3S
gamma-glutamylcysteine C8H14N2O5S
ophthalmate C11H19N3O6
S-adenosylmethionine C15H22N6O5S
S-adenosylhomocysteine C14H20N6O5S
methylthioadenosine C11H15N5O3S
spermine C10H26N4
spermidine C7H19N3
putrescine C4H12N2
cadaverine C5H14N2
N-acetylspermidine C9H21N3O
N-acetylputrescine C6H14N2O
agmatine C5H14N4
adenine C5H5N5
guanine C5H5N5O
hypoxanthine C5H4N4O
xanthine C5H4N4O2
uric acid C5H4N4O3
allantoin C4H6N4O3
cytosine C4H5N3O
uracil C4H4N2O2
thymine C5H6N2O2
dihydrouracil C4H6N2O2
orotate C5H4N2O4
dihydroorotate C5H6N2O4
adenosine C10H13N5O4
guanosine C10H13N5O5
inosine C10H12N4O5
xanthosine C10H12N4O6
cytidine C9H13N3O5
uridine C9H12N2O6
thymidine C10H14N2O5
pseudouridine C9H12N2O6
deoxyadenosine C10H13N5O3
deoxyguanosine C10H13N5O4
deoxycytidine C9H13N3O4
deoxyuridine C9H12N2O5
deoxyinosine C10H12N4O4
methyladenosine C11H15N5O4
methylguanosine C11H15N5O5
methylcytidine C10H15N3O5
AMP C10H14N5O7P
ADP C10H15N5O10P2
ATP C10H16N5O13P3
cyclic AMP C10H12N5O6P
dAMP C10H14N5O6P
dATP C10H16N5O12P3
GMP C10H14N5O8P
GDP C10H15N5O11P2
GTP C10H16N5O14P3
cyclic GMP C10H12N5O7P
IMP C10H13N4O8P
IDP C10H14N4O11P2
XMP C10H13N4O9P
CMP C9H14N3O8P
CDP C9H15N3O11P2
CTP C9H16N3O14P3
UMP C9H13N2O9P
UDP C9H14N2O12P2
UTP C9H15N2O15P3
TMP C10H15N2O8P
TDP C10H16N2O11P2
TTP C10H17N2O14P3
dCMP C9H14N3O7P
dUMP C9H13N2O8P
AICAR C9H15N4O8P
UDP-glucose C15H24N2O17P2
UDP-glucuronate C15H22N2O18P2
UDP-N-acetylglucosamine C17H27N3O17P2
GDP-mannose C16H25N5O16P2
GDP-fucose C16H25N5O15P2
ADP-ribose C15H23N5O14P2
CMP-sialic acid C20H31N4O16P
NAD C21H27N7O14P2
NADH C21H29N7O14P2
NADP C21H28N7O17P3
NADPH C21H30N7O17P3
FMN C17H21N4O9P
FAD C27H33N9O15P2
coenzyme A C21H36N7O16P3S
acetyl-CoA C23H38N7O17P3S
malonyl-CoA C24H38N7O19P3S
succinyl-CoA C25H40N7O19P3S
propionyl-CoA C24H40N7O17P3S
palmitoyl-CoA C37H66N7O17P3S
oleoyl-CoA C39H68N7O17P3S
stearoyl-CoA C39H70N7O17P3S
HMG-CoA C27H44N7O20P3S
dephospho-CoA C21H35N7O13P2S
pantothenate C9H17NO5
pantetheine C11H22N2O4S
phosphopantothenate C9H18NO8P
glucose C6H12O6
glucose-6-phosphate C6H13O9P
fructose-1,6-bisphosphate C6H14O12P2
gluconate C6H12O7
gluconolactone C6H10O6
6-phosphogluconate C6H13O10P
glucuronate C6H10O7
glucosamine C6H13NO5
glucosamine-6-phosphate C6H14NO8P
N-acetylglucosamine C8H15NO6
N-acetylglucosamine-6-phosphate C8H16NO9P
sialic acid C11H19NO9
fucose C6H12O5
ribose C5H10O5
ribose-5-phosphate C5H11O8P
phosphoribosyl pyrophosphate C5H13O14P3
deoxyribose C5H10O4
ribitol C5H12O5
erythrose C4H8O4
erythrose-4-phosphate C4H9O7P
erythritol C4H10O4
sedoheptulose C7H14O7
sedoheptulose-7-phosphate C7H15O10P
sedoheptulose-1,7-bisphosphate C7H16O13P2
sorbitol C6H14O6
inositol phosphate C6H13O9P
inositol bisphosphate C6H14O12P2
inositol trisphosphate C6H15O15P3
inositol hexakisphosphate C6H18O24P6
sucrose C12H22O11
sucrose-6-phosphate C12H23O14P
maltotriose C18H32O16
maltotetraose C24H42O21
maltopentaose C30H52O26
maltohexaose C36H62O31
sialyllactose C23H39NO19
lacto-N-tetraose C26H45NO21
fucosyllactose C18H32O15
glycerol C3H8O3
glycerol-3-phosphate C3H9O6P
glyceraldehyde C3H6O3
glyceraldehyde-3-phosphate C3H7O6P
3-phosphoglycerate C3H7O7P
2,3-bisphosphoglycerate C3H8O10P2
phosphoenolpyruvate C3H5O6P
pyruvate C3H4O3
glyoxylate C2H2O3
glycolate C2H4O3
glycerate C3H6O4
oxalate C2H2O4
malonate C3H4O4
methylmalonate C4H6O4
citrate C6H8O7
aconitate C6H6O6
2-oxoglutarate C5H6O5
hydroxyglutarate C5H8O5
glutarate C5H8O4
fumarate C4H4O4
malate C4H6O5
oxaloacetate C4H4O5
itaconate C5H6O4
tartrate C4H6O6
adipate C6H10O4
suberate C8H14O4
azelate C9H16O4
sebacate C10H18O4
acetoacetate C4H6O3
hydroxybutyrate C4H8O3
ketoisovalerate C5H8O3
ketoleucine C6H10O3
hydroxyisovalerate C5H10O3
mevalonate C6H12O4
mevalonate-5-phosphate C6H13O7P
isopentenyl pyrophosphate C5H12O7P2
geranyl pyrophosphate C10H20O7P2
farnesyl pyrophosphate C15H28O7P2
geranylgeranyl pyrophosphate C20H36O7P2
squalene C30H50
lanosterol C30H50O
cholesterol C27H46O
7-dehydrocholesterol C27H44O
desmosterol C27H44O
hydroxycholesterol C27H46O2
dihydroxycholesterol C27H46O3
cholesterol sulfate C27H46O4S
ergosterol C28H44O
campesterol C28H48O
stigmasterol C29H48O
sitosterol C29H50O
cholic acid C24H40O5
deoxycholic acid C24H40O4
lithocholic acid C24H40O3
glycocholic acid C26H43NO6
glycodeoxycholic acid C26H43NO5
glycolithocholic acid C26H43NO4
taurocholic acid C26H45NO7S
taurodeoxycholic acid C26H45NO6S
taurolithocholic acid C26H45NO5S
pregnenolone C21H32O2
progesterone C21H30O2
hydroxyprogesterone C21H30O3
DHEA C19H28O2
DHEA sulfate C19H28O5S
androstenedione C19H26O2
dihydrotestosterone C19H30O2
estrone C18H22O2
estradiol C18H24O2
estriol C18H24O3
cortisol C21H30O5
cortisone C21H28O5
corticosterone C21H30O4
aldosterone C21H28O5
deoxycortisol C21H30O4
thyroxine C15H11I4NO4
triiodothyronine C15H12I3NO4
diiodotyrosine C9H9I2NO3
prostaglandin E2 C20H32O5
prostaglandin F2alpha C20H34O5
prostaglandin D3 C20H30O5
prostaglandin J2 C20H30O4
prostaglandin E1 C20H34O5
thromboxane B2 C20H34O6
leukotriene B4 C20H32O4
leukotriene C4 C30H47N3O9S
leukotriene D4 C25H40N2O6S
leukotriene E4 C23H37NO5S
resolvin D1 C22H32O5
protectin D1 C22H32O4
HETE C20H32O3
HODE C18H32O3
HDoHE C22H32O3
phytanic acid C20H40O2
platelet-activating factor C26H54NO7P
anandamide C22H37NO2
retinol C20H30O
retinal C20H28O
retinoic acid C20H28O2
retinyl palmitate C36H60O2
beta-carotene C40H56
lutein C40H56O2
lycopene C40H56
astaxanthin C40H52O4
thiamine C12H17N4OS
thiamine pyrophosphate C12H18N4O7P2S
riboflavin C17H20N4O6
nicotinate C6H5NO2
nicotinamide C6H6N2O
nicotinamide mononucleotide C11H15N2O8P
nicotinamide riboside C11H14N2O5
nicotinurate C8H8N2O3
trigonelline C7H7NO2
pyridoxine C8H11NO3
pyridoxal C8H9NO3
pyridoxamine C8H12N2O2
pyridoxal phosphate C8H10NO6P
pyridoxate C8H9NO4
biotin C10H16N2O3S
folate C19H19N7O6
tetrahydrofolate C19H23N7O6
methyltetrahydrofolate C20H25N7O6
biopterin C9H11N5O3
tetrahydrobiopterin C9H15N5O3
neopterin C9H11N5O4
ascorbate C6H8O6
dehydroascorbate C6H6O6
ascorbyl palmitate C22H38O7
cholecalciferol C27H44O
calcifediol C27H44O2
calcitriol C27H44O3
tocopherol alpha C29H50O2
tocopherol gamma C28H48O2
tocopherol delta C27H46O2
tocopherylquinone C29H50O3
phylloquinone C31H46O2
menaquinone-4 C31H40O2
ubiquinone-9 C54H82O4
ubiquinone-10 C59H90O4
lipoic acid C8H14O2S2
heme C34H32FeN4O4
protoporphyrin IX C34H34N4O4
coproporphyrin C36H38N4O8
uroporphyrin C40H38N4O16
porphobilinogen C10H14N2O4
aminolevulinate C5H9NO3
bilirubin C33H36N4O6
biliverdin C33H34N4O6
urobilin C33H42N4O6
bilirubin glucuronide C39H44N4O12
chlorophyll a C55H72MgN4O5
pheophytin a C55H74N4O5
hippurate C9H9NO3
benzoate C7H6O2
salicylate C7H6O3
gentisate C7H6O4
phenylacetylglutamine C13H16N2O4
p-cresol sulfate C7H8O4S
indoxyl sulfate C8H7NO4S
phenyl sulfate C6H6O4S
cinnamate C9H8O2
coumarate C9H8O3
caffeate C9H8O4
ferulate C10H10O4
sinapate C11H12O5
chlorogenate C16H18O9
gallate C7H6O5
ellagic acid C14H6O8
quinate C7H12O6
shikimate C7H10O5
chorismate C10H10O6
catechin C15H14O6
epigallocatechin gallate C22H18O11
quercetin C15H10O7
kaempferol C15H10O6
apigenin C15H10O5
naringenin C15H12O5
rutin C27H30O16
hesperidin C28H34O15
genistein C15H10O5
daidzein C15H10O4
equol C15H14O3
resveratrol C14H12O3
curcumin C21H20O6
cyanidin C15H11O6
capsaicin C18H27NO3
piperine C17H19NO3
caffeine C8H10N4O2
theobromine C7H8N4O2
methyluric acid C6H6N4O3
nicotine C10H14N2
cotinine C10H12N2O
hydroxycotinine C10H12N2O2
morphine C17H19NO3
codeine C18H21NO3
quinine C20H24N2O2
paracetamol C8H9NO2
paracetamol glucuronide C14H17NO8
ibuprofen C13H18O2
aspirin C9H8O4
naproxen C14H14O3
diclofenac C14H11Cl2NO2
lidocaine C14H22N2O
metformin C4H11N5
warfarin C19H16O4
atorvastatin C33H35FN2O5
simvastatin C25H38O5
omeprazole C17H19N3O3S
imatinib C29H31N7O
erlotinib C22H23N3O4
gefitinib C22H24ClFN4O3
clozapine C18H19ClN4
haloperidol C21H23ClFNO2
chlorpromazine C17H19ClN2S
fluoxetine C17H18F3NO
diazepam C16H13ClN2O
amitriptyline C20H23N
propranolol C16H21NO2
verapamil C27H38N2O4
amiodarone C25H29I2NO3
losartan C22H23ClN6O
furosemide C12H11ClN2O5S
hydrochlorothiazide C7H8ClN3O4S2
dexamethasone C22H29FO5
penicillin G C16H18N2O4S
amoxicillin C16H19N3O5S
ciprofloxacin C17H18FN3O3
tetracycline C22H24N2O8
erythromycin C37H67NO13
azithromycin C38H72N2O12
rifampicin C43H58N4O12
vancomycin C66H75Cl2N9O24
chloroquine C18H26ClN3
artemisinin C15H22O5
paclitaxel C47H51NO14
doxorubicin C27H29NO11
methotrexate C20H22N8O5
fluorouracil C4H3FN2O2
gemcitabine C9H11F2N3O4
cyclosporin A C62H111N11O12
tamoxifen C26H29NO
glycyrrhizin C42H62O16
digoxin C41H64O14
limonene C10H16
camphor C10H16O
menthol C10H20O
geraniol C10H18O
abscisic acid C15H20O4
jasmonic acid C12H18O3
gibberellin A3 C19H22O6
zeatin C10H13N5O
indolebutyrate C12H13NO2
solanine C45H73NO15
tomatine C50H83NO21
angiotensin II C50H71N13O12
bradykinin C50H73N15O11
Met-enkephalin C27H35N5O7S
Leu-enkephalin C28H37N5O7
oxytocin C43H66N12O12S2
vasopressin C46H65N15O12S2
substance P C63H98N18O13S
2-arachidonoylglycerol C23H38O4
3-nitrotyrosine C9H10N2O5
dityrosine C18H20N2O6
methylarginine C7H16N4O2
dimethylarginine C8H18N4O2
trimethyllysine C9H20N2O2
acetyllysine C8H16N2O3
phosphoserine C3H8NO6P
phosphothreonine C4H10NO6P
phosphotyrosine C9H12NO6P
methionine sulfoxide C5H11NO3S
cysteine sulfinate C3H7NO4S
cysteate C3H7NO5S
lanthionine C6H12N2O4S
thiocysteine C3H7NO2S2
urea CH4N2O
guanidinoacetate C3H7N3O2
guanidinobutyrate C5H11N3O2
hydantoin propionate C6H8N2O4
`

/** Name and neutral formula of each listed metabolite, in the order of the list. */
export function metabolites(): { name: string; formula: string }[] {
  return TEXT.trim()
    .split('\n')
    .map((line) => {
      const at = line.lastIndexOf(' ')
      return { name: line.slice(0, at), formula: line.slice(at + 1) }
    })
}

/** Residues C, H, N, O, S of the twenty amino acids; a peptide is their sum and one water. */
const RESIDUES: Record<string, [number, number, number, number, number]> = {
  G: [2, 3, 1, 1, 0],
  A: [3, 5, 1, 1, 0],
  S: [3, 5, 1, 2, 0],
  P: [5, 7, 1, 1, 0],
  V: [5, 9, 1, 1, 0],
  T: [4, 7, 1, 2, 0],
  C: [3, 5, 1, 1, 1],
  L: [6, 11, 1, 1, 0],
  N: [4, 6, 2, 2, 0],
  D: [4, 5, 1, 3, 0],
  Q: [5, 8, 2, 2, 0],
  K: [6, 12, 2, 1, 0],
  E: [5, 7, 1, 3, 0],
  M: [5, 9, 1, 1, 1],
  H: [6, 7, 3, 1, 0],
  F: [9, 9, 1, 1, 0],
  R: [6, 12, 4, 1, 0],
  Y: [9, 9, 1, 2, 0],
  W: [11, 10, 2, 1, 0],
}

/** Every dipeptide by rule (order of the two does not change the formula). */
export function* dipeptides(): Generator<{ name: string; formula: string }> {
  const letters = Object.keys(RESIDUES)
  for (const [i, first] of letters.entries()) {
    for (const second of letters.slice(i)) {
      const a = RESIDUES[first] as number[]
      const b = RESIDUES[second] as number[]
      const [c, h, n, o, s] = a.map((count, k) => count + (b[k] as number)) as [number, number, number, number, number]
      const sulfur = s === 0 ? '' : s === 1 ? 'S' : `S${s}`
      yield { name: first + second, formula: `C${c}H${h + 2}N${n}O${o + 1}${sulfur}` }
    }
  }
}
