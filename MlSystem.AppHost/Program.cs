Console.WriteLine("MlSystem");
