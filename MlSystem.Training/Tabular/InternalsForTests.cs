using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("MlSystem.Training.Tests")]
