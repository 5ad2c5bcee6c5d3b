using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("MlSystem.Training.Tests")]
[assembly: InternalsVisibleTo("MlSystem.Quality")]
[assembly: InternalsVisibleTo("MlSystem.Benchmarks")]
